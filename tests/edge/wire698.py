"""DL/T 698.45 frames for tests, built by hand from the guide: shares nothing with protocol/."""

from protocol.exchange import DLT698, Done, NotMine, Refused, Request, Value, Verdict
from protocol.quantity import Quantity, quantity

VOLTAGE = bytes.fromhex("20000201")
ASKED, ANSWERED = 0x43, 0xC3


def fcs(data: bytes) -> bytes:
    """CRC-16/X.25 bit by bit, low byte first."""
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            carry, register = register & 1, register >> 1
            if carry:
                register ^= 0x8408
    return (register ^ 0xFFFF).to_bytes(2, "little")


def frame(address: str, control: int, apdu: bytes, wake: int = 0) -> bytes:
    """One frame as on the line, its address a single one of 12 digits."""
    size = 2 + 1 + 1 + 6 + 1 + 2 + len(apdu) + 2
    head = size.to_bytes(2, "little") + bytes((control, 0x05)) + bytes.fromhex(address)[::-1]
    head += b"\x10"
    body = head + fcs(head) + apdu
    return b"\xfe" * wake + b"\x68" + body + fcs(body) + b"\x16"


def question(address: str, piid: int = 1) -> bytes:
    """GET-Request Normal of a single-phase meter's voltage, with four wake-up bytes."""
    return frame(address, ASKED, bytes((5, 1, piid)) + VOLTAGE + b"\x00", 4)


def answer(address: str, tenths: int, piid: int = 1, wake: int = 4) -> bytes:
    """What the meter says to it, 0.1 V."""
    apdu = bytes((0x85, 1, piid)) + VOLTAGE + b"\x01\x12" + tenths.to_bytes(2, "big") + b"\0\0"
    return frame(address, ANSWERED, apdu, wake)


def refusal(address: str, dar: int, piid: int = 1) -> bytes:
    """What a meter says that will not."""
    apdu = bytes((0x85, 1, piid)) + VOLTAGE + bytes((0, dar, 0, 0))
    return frame(address, ANSWERED, apdu, 4)


class AskVolts:
    """A minimal exchange for tests of the master: one voltage."""

    item = "20000201"

    def __init__(self, address: str, partly: str = "") -> None:
        self.address = address
        self.partly = partly
        """What the meter refuses of the list while it gives the voltage."""

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        return (quantity("voltage_a"),)

    def start(self) -> Request:
        return Request(question(self.address), len(answer(self.address, 0)), None, DLT698)

    def on_frame(self, given: object) -> Verdict:
        if not given.answer:  # type: ignore[attr-defined]
            return NotMine("echo")
        if given.address != bytes.fromhex(self.address):  # type: ignore[attr-defined]
            return NotMine("address")
        apdu: bytes = given.data  # type: ignore[attr-defined]
        if not apdu[7]:
            return Refused(apdu[8], "dar")
        value = Value(quantity("voltage_a"), int.from_bytes(apdu[9:11], "big"))
        return Done((value,), self.partly)
