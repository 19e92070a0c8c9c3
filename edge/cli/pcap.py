"""Captured frames as a pcap file, for Wireshark with deploy/wireshark/boxgate.lua.

The file is the classic pcap with nanoseconds, link type 147 (LINKTYPE_USER0), little-endian. Each
packet is one frame, without its wake-up FE bytes, behind a header of 8 bytes:

    0  version, 1
    1  direction: 0 not known, 1 request (master to meter), 2 answer, 3 report
    2  protocol: 0 none (noise), 1 dlt645-2007, 2 dlt645-1997, 3 dlt698.45, 4 modbus-rtu
    3  0, reserved
    4  delay in microseconds, u32 big-endian: of an answer since the end of its question;
       FFFFFFFF = not known, or no answer

What belongs to no frame is a packet of protocol 0, so that nothing heard is missing in the file.
"""

import struct
from typing import BinaryIO

LINK_TYPE = 147
SNAP_LENGTH = 65_535
_FILE = struct.Struct("<IHHiIII")
_PACKET = struct.Struct("<IIII")
_HEAD = struct.Struct(">BBBBI")
_NANOSECONDS = 0xA1B23C4D
_NO_DELAY = 0xFFFFFFFF
_DIRECTIONS = {"request": 1, "response": 2, "report": 3}
_PROTOCOLS = {"dlt645-2007": 1, "dlt645-1997": 2, "dlt698.45": 3, "modbus-rtu": 4}


class Pcap:
    """Writes one file; every packet is on its way to the disk when `packet` returns."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        file.write(_FILE.pack(_NANOSECONDS, 2, 4, 0, 0, SNAP_LENGTH, LINK_TYPE))
        file.flush()

    def packet(
        self, wall_ns: int, raw: bytes, direction: str, protocol: str, delay_ns: int | None
    ) -> None:
        """One frame at this wall time (ns since 1970 UTC). OSError when the disk refuses."""
        delay = _NO_DELAY if delay_ns is None else min(delay_ns // 1000, _NO_DELAY - 1)
        way, kind = _DIRECTIONS.get(direction, 0), _PROTOCOLS.get(protocol, 0)
        body = _HEAD.pack(1, way, kind, 0, delay) + raw
        seconds, ns = divmod(wall_ns, 1_000_000_000)
        self._file.write(_PACKET.pack(seconds, ns, len(body), len(body)) + body)
        self._file.flush()
