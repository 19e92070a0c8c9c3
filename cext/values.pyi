from types import ModuleType

from cext.values_c import Answer645 as Answer645
from cext.values_c import Layout as Layout

MISSING: int
picked: ModuleType
