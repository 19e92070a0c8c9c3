from types import ModuleType

from cext.values_c import Layout as Layout

picked: ModuleType
