from types import ModuleType

from cext.framing_c import Frame645 as Frame645
from cext.framing_c import FrameModbus as FrameModbus
from cext.framing_c import Scanner645 as Scanner645
from cext.framing_c import ScannerModbus as ScannerModbus
from cext.framing_c import build645 as build645
from cext.framing_c import build_modbus as build_modbus

picked: ModuleType
