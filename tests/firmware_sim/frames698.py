"""A tiny DL/T 698.45 master and meter of the tests' own: frames and APDUs by hand."""

NUMBER = "370112200001"
LIST = "05 02 {piid:02X} {count:02X} {oads} 00"


def fcs(data: bytes) -> bytes:
    """CRC-16/X.25, low byte first, bit by bit."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    return (crc ^ 0xFFFF).to_bytes(2, "little")


def frame(
    control: int, apdu: bytes, number: str = NUMBER, kind: int = 0, client: int = 0, wake: int = 4
) -> bytes:
    """A whole frame; the number as printed (hex digits, any even count)."""
    address = bytes.fromhex(number)[::-1]
    if control & 8:
        apdu = bytes((byte + 0x33) % 256 for byte in apdu)
    head = bytes([control, kind << 6 | len(address) - 1]) + address + bytes([client])
    length = len(head) + 2 + 2 + len(apdu) + 2
    head = length.to_bytes(2, "little") + head
    body = head + fcs(head) + apdu
    return b"\xfe" * wake + b"\x68" + body + fcs(body) + b"\x16"


def get(number: str, *oads: str, piid: int = 0, kind: int = 0) -> bytes:
    """A GET request: Normal for one object, NormalList for several."""
    if len(oads) == 1:
        apdu = bytes.fromhex(f"05 01 {piid:02X} {oads[0]} 00")
    else:
        apdu = bytes.fromhex(f"05 02 {piid:02X} {len(oads):02X} {''.join(oads)} 00")
    return frame(0x43, apdu, number, kind)


def answer(hex_apdu: str, number: str = NUMBER, **how: int) -> bytes:
    """A meter's frame with this APDU."""
    return frame(0xC3, bytes.fromhex(hex_apdu), number, **how)


def fragment(word: int, kind: int, part: bytes, number: str = NUMBER) -> bytes:
    """A piece of a long answer: 0 first, 1 last, 2 acknowledgement, 3 middle."""
    return frame(0xE3, (kind << 14 | word).to_bytes(2, "little") + part, number)
