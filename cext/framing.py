"""DL/T 645 and Modbus RTU framing: picks the compiled kernel or its plain twin."""

from cext import build

picked = build.pick("framing")

Frame645 = picked.Frame645
Scanner645 = picked.Scanner645
build645 = picked.build645
FrameModbus = picked.FrameModbus
ScannerModbus = picked.ScannerModbus
build_modbus = picked.build_modbus
