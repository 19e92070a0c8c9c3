"""DL/T 645 frames for tests, built by hand from the standard: shares nothing with protocol/."""

from protocol.exchange import Again, Done, NotMine, Refused, Request, Value, Verdict
from protocol.quantity import Quantity, quantity


def frame(address: str, control: int, data: bytes, wake: int = 4) -> bytes:
    """One frame as on the line; `data` before +33H."""
    head = b"\x68" + bytes.fromhex(address)[::-1] + b"\x68" + bytes((control, len(data)))
    body = head + bytes((byte + 0x33) % 256 for byte in data)
    return b"\xfe" * wake + body + bytes((sum(body) % 256, 0x16))


def answer(address: str, item: str, data: bytes, wake: int = 4) -> bytes:
    """The normal answer to a read: `item` as 8 hex digits, `data` in wire order."""
    return frame(address, 0x91, bytes.fromhex(item)[::-1] + data, wake)


def volts(tenths: int) -> bytes:
    """XXX.X, low byte first."""
    return bytes.fromhex(f"{tenths:04d}")[::-1]


class AskVoltage:
    """A minimal exchange for tests of the master: one voltage read, apart from protocol/."""

    item = "02010100"

    def __init__(self, address: str) -> None:
        self.address = address
        self.starts = 0

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        return (quantity("voltage_a"),)

    def start(self) -> Request:
        self.starts += 1
        return Request(frame(self.address, 0x11, bytes.fromhex(self.item)[::-1]), 22)

    def on_frame(self, given: object) -> Verdict:
        control, data = given.control, given.data  # type: ignore[attr-defined]
        if not control & 0x80:
            return NotMine("echo")
        if f"{given.address:012X}" != self.address:  # type: ignore[attr-defined]
            return NotMine("address")
        if control == 0xD1:
            return Refused(data[0], "no requested data")
        if data[:4] != bytes.fromhex(self.item)[::-1]:
            return NotMine("identifier")
        if control == 0xB1:
            return Again(Request(frame(self.address, 0x12, data[:4] + b"\x01"), 22))
        digits = data[4:6][::-1].hex()
        return Done((Value(quantity("voltage_a"), int(digits) if digits.isdigit() else None),))
