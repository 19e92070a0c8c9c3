"""A 698 meter core on its own for tests: the chip of bench645, time by hand, frames of the peer's.

Requests are built and answers taken apart by PyPI dlt698 alone, which shares nothing with ours.
"""

from typing import Any

import dlt698

from firmware_sim.hal.loader import Memory, Nv, firmware
from tests.firmware_sim.firmware.bench645 import CHAR_US, MASK, RTC, SECOND, registers
from tests.firmware_sim.frames import NUMBER

peer: Any = dlt698._native
SINGLE, WILDCARD, GROUP, BROADCAST = range(4)
WORD = 2
FACTORY = b"00000000"
"""The password a meter leaves the factory with."""
RELEASE = b"\3\7\0"


def frame(
    data: bytes,
    number: str = NUMBER,
    control: int = 0x43,
    kind: int = SINGLE,
    logical: int = 0,
    client: int = 0x10,
    wake: int = 4,
) -> bytes:
    """A frame with these user data, by the sheet: HCS and FCS are the peer's CRC."""
    if control & 0x08:
        data = bytes((byte + 0x33) % 256 for byte in data)
    address = bytes.fromhex(number)[::-1]
    head = bytes([control, kind << 6 | logical << 4 | len(address) - 1]) + address
    head += bytes([client])
    length = 2 + len(head) + 2 + len(data) + 2
    head = length.to_bytes(2, "little") + head
    head += peer.crc16(head).to_bytes(2, "little")
    body = head + data
    return bytes(b"\xfe" * wake + b"\x68" + body + peer.crc16(body).to_bytes(2, "little") + b"\x16")


def get(*oads: str, piid: int = 5) -> bytes:
    """GET-Request Normal or NormalList."""
    if len(oads) == 1:
        return bytes([5, 1, piid]) + bytes.fromhex(oads[0]) + b"\0"
    return bytes([5, 2, piid, len(oads)]) + bytes.fromhex("".join(oads)) + b"\0"


def piece(data: bytes, kind: int, number: int) -> bytes:
    """A fragment's user data."""
    return (kind << 14 | number).to_bytes(2, "little") + data


def connect(
    password: bytes | None = FACTORY, timeout_s: int = 100, version: int = 0x10, most: int = 512
) -> bytes:
    """CONNECT-Request by password, or public without one."""
    offer = b"\2\7" + version.to_bytes(2, "big") + b"\xff" * 24 + b"\4\0" + most.to_bytes(2, "big")
    offer += b"\1\4\0" + timeout_s.to_bytes(4, "big")
    return offer + (b"\0" if password is None else bytes([1, len(password)]) + password) + b"\0"


class Bench:
    """One meter and a hand on its clock, in microseconds."""

    def __init__(
        self,
        elements: int = 1,
        number: str = NUMBER,
        delay_us: int = 20_000,
        wake: int = 4,
        memory: Memory | None = None,
        nv: Nv | None = None,
        **change: int,
    ) -> None:
        image = registers(elements, **change)
        self.rtc: tuple[int, ...] = RTC
        self.snapshots = 0

        def snapshot(buf: bytearray) -> None:
            self.snapshots += 1
            buf[:] = image

        self.meter: Any = firmware("meter698.core").Meter(
            bytes.fromhex(number)[::-1], elements, snapshot, lambda: self.rtc,
            CHAR_US, delay_us, wake, memory, nv,
        )  # fmt: skip
        self.t = 0

    def hear(self, data: bytes, pause_us: int = 0) -> None:
        """Let bytes come, paced, after a pause."""
        self.t += pause_us + len(data) * CHAR_US
        self.meter.on_bytes(data, len(data), self.t & MASK)

    def say(self) -> tuple[int, bytes] | None:
        """Run the meter's deadlines until it answers: (microseconds after t, bytes)."""
        t = self.t
        for _ in range(4):
            due = self.meter.deadline()
            if due < 0:
                return None
            t += ((due - t + (1 << 29)) & MASK) - (1 << 29)
            n = self.meter.on_deadline(t & MASK)
            if n:
                return t - self.t, bytes(self.meter.out[:n])
        raise AssertionError("a deadline that never ends")

    def ask(self, data: bytes) -> Any:
        """A request after a pause; the answer's frame as the peer reads it, None for silence."""
        self.hear(data, pause_us=SECOND)
        said = self.say()
        return None if said is None else peer.decode_frame(said[1].lstrip(b"\xfe"))

    def serve(self, apdu: bytes, number: str = NUMBER, client: int = 0x10) -> bytes:
        """The APDU that answers an APDU."""
        got = self.ask(frame(apdu, number, client=client))
        assert got is not None
        return bytes(got.payload)

    def value(self, oad: str, number: str = NUMBER) -> str:
        """An object's Data as hex, by GET-Request Normal; "dar n" where it is refused."""
        data = self.serve(get(oad), number)
        assert data[:7] == bytes([0x85, 1, 5]) + bytes.fromhex(oad)
        assert data[-2:] == b"\0\0"
        peer.decode_apdu(data)
        return data[8:-2].hex().upper() if data[7] else f"dar {data[8]}"

    def connect(self, password: bytes | None = FACTORY, client: int = 0x10, **offer: int) -> int:
        """CONNECT; its result."""
        return int(peer.decode_apdu(self.serve(connect(password, **offer), client=client)).result)

    def set(self, oad: str, data: str, number: str = NUMBER, client: int = 0x10) -> int:
        """SET-Request Normal; the DAR."""
        said = self.serve(bytes.fromhex(f"060107{oad}{data}00"), number, client)
        assert said[:3] == b"\x86\1\7"
        return said[7]

    def act(self, omd: str, data: str, number: str = NUMBER) -> int:
        """ACTION-Request Normal; the DAR."""
        said = self.serve(bytes.fromhex(f"070107{omd}{data}00"), number)
        assert said[:3] == b"\x87\1\7"
        return said[7]
