from types import ModuleType

from cext.values698_c import Layout698 as Layout698

picked: ModuleType
