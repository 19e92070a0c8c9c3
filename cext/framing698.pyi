from types import ModuleType

from cext.framing698_c import Frame698 as Frame698
from cext.framing698_c import Scanner698 as Scanner698
from cext.framing698_c import build698 as build698

picked: ModuleType
