"""Any bytes -> every frame in them and what it means, the protocol found by itself.

Theory of operation
-------------------
DL/T 645 frames are looked for first, for their envelope is the stronger one (two 68, a length, a
checksum, a 16). What lies between and around them is looked through for Modbus RTU frames, which
have no envelope at all (protocol/modbus/find.py says when one is believed). What is left then and
is not FE is what was not understood, and the reason names it. Nothing is repaired.

DL/T 698.45 is recognised by its envelope and named in the reason; its contents are not decoded.
"""

from cext.framing import Frame645
from protocol.decoded import Decoded
from protocol.dlt645 import dialect1997
from protocol.dlt645.find import find as find_645
from protocol.dlt645.frame import FUNCTION
from protocol.dlt645.meaning import meaning as meaning_645
from protocol.modbus import find as modbus
from protocol.modbus.meaning import meaning as meaning_modbus

DLT645, DLT645_1997 = "dlt645-2007", "dlt645-1997"
DLT698 = "dlt698.45"
MODBUS = "modbus-rtu"
PROTOCOLS = (DLT645, DLT645_1997, DLT698, MODBUS)

_WAKE = 0xFE
_SHOWN = 12
"""Most bytes of hex in one reason."""
_MOST_REASONS = 4

_WORDS = {
    "en": {
        "empty": "no bytes",
        "noise": "not a frame: {bytes}",
        "crc": "crc: expected {want}, got {got}",
        "698": "a dlt698.45 frame of {size} bytes, which this version does not decode",
        "other": "a {found} frame, not {wanted}",
        "more": "and more",
    },
    "zh": {
        "empty": "没有字节",
        "noise": "不是帧：{bytes}",
        "crc": "CRC 应为 {want}，实为 {got}",
        "698": "{size} 字节的 dlt698.45 帧，本版本不解析",
        "other": "是 {found} 帧，不是 {wanted}",
        "more": "等",
    },
}


def decode(data: bytes, protocol: str | None = None, lang: str = "en") -> tuple[list[Decoded], str]:
    """Every frame of the bytes by its start, and why the rest was not understood ("" = nothing is).

    `protocol` is one of PROTOCOLS, None finds it. Any bytes: never raises. FE bytes are wake-up
    bytes and need no reason. `lang` "en" or "zh" is that of names, notes and the reason.
    """
    words = _WORDS["zh" if lang == "zh" else "en"]
    if not data:
        return [], words["empty"]
    if protocol == MODBUS:
        return _only_modbus(data, words, lang)
    if protocol == DLT698:
        return [], _698(data, words) or words["noise"].format(bytes=_hex(data))
    frames, reason = find_645(data, lang)
    if protocol == DLT645_1997:
        found = [_meaning_1997(frame, lang) for frame in frames]
    else:
        found = [meaning_645(frame, lang) for frame in frames]
    if protocol is not None:
        return _only(protocol, found, reason, words)
    rest = _between(data, found)
    others = [
        meaning_modbus(data[at + start : at + start + size], at + start, lang)
        for at, end in rest
        for start, size in modbus.find(data[at:end])
    ]
    if others:
        found = sorted(found + others, key=lambda one: one.start)
        left = _between(data, found)
        reasons = [find_645(data[at:end], lang)[1] for at, end in left]
        return found, _joined([reason for reason in reasons if reason], words)
    if not found:
        reason = _698(data, words) or _crc(data, words) or reason
    return found, reason


def _meaning_1997(frame: Frame645, lang: str) -> Decoded:
    """In the older dialect what can be of it: functions 03 and 08 are in both."""
    shared = frame.control & FUNCTION in (0x03, 0x08)
    if shared or dialect1997.is_1997(frame.control, frame.data):
        return dialect1997.meaning(frame, lang)
    return meaning_645(frame, lang)


def _only(
    protocol: str, found: list[Decoded], reason: str, words: dict[str, str]
) -> tuple[list[Decoded], str]:
    """Frames of the dialect that was asked for; one of the other is named."""
    kept = [one for one in found if one.protocol == protocol]
    reasons = [
        words["other"].format(found=one.protocol, wanted=protocol)
        for one in found
        if one.protocol != protocol
    ]
    return kept, _joined([*reasons, *([reason] if reason else [])], words)


def _only_modbus(data: bytes, words: dict[str, str], lang: str) -> tuple[list[Decoded], str]:
    found = [meaning_modbus(data[at : at + n], at, lang) for at, n in modbus.find(data)]
    if not found and len(data) >= modbus.SHORTEST:
        wrong = _crc(data, words)
        if wrong:
            return [], wrong
    left = [words["noise"].format(bytes=_hex(data[at:end])) for at, end in _between(data, found)]
    return found, _joined(left, words)


def _between(data: bytes, found: list[Decoded]) -> list[tuple[int, int]]:
    """The stretches that no frame covers, without those of FE alone."""
    stretches = []
    at = 0
    for one in found:
        stretches.append((at, one.start))
        at = one.start + one.length
    stretches.append((at, len(data)))
    return [(a, b) for a, b in stretches if data[a:b].strip(bytes((_WAKE,)))]


def _crc(data: bytes, words: dict[str, str]) -> str:
    """What to say where the bytes are a Modbus frame but for the CRC; "" where they are not."""
    if not modbus.meant(data):
        return ""
    want = modbus.crc_of(data)
    return words["crc"].format(want=want.hex(" ").upper(), got=data[-2:].hex(" ").upper())


def _698(data: bytes, words: dict[str, str]) -> str:
    """What to say where the bytes are one DL/T 698.45 frame: 68 L L … HCS … FCS 16; else ""."""
    raw = data.lstrip(bytes((_WAKE,)))
    if len(raw) < 14 or raw[0] != 0x68 or raw[-1] != 0x16:
        return ""
    size = int.from_bytes(raw[1:3], "little") & 0x3FFF
    header = 7 + (raw[4] & 0x0F)
    # 68, L L, C, address flag, server address, client address: the header's own check follows
    if size + 2 != len(raw) or header + 2 > len(raw) - 3:
        return ""
    right = _fcs(raw[1:header]) == raw[header : header + 2] and _fcs(raw[1:-3]) == raw[-3:-1]
    return words["698"].format(size=len(raw)) if right else ""


def _fcs(data: bytes) -> bytes:
    """FCS-16 of RFC 1662 as DL/T 698.45 uses it, low byte first."""
    fcs = 0xFFFF
    for value in data:
        fcs ^= value
        for _ in range(8):
            fcs = (fcs >> 1) ^ 0x8408 if fcs & 1 else fcs >> 1
    return (fcs ^ 0xFFFF).to_bytes(2, "little")


def _joined(reasons: list[str], words: dict[str, str]) -> str:
    if len(reasons) > _MOST_REASONS:
        reasons = [*reasons[:_MOST_REASONS], words["more"]]
    return "; ".join(reasons)


def _hex(data: bytes) -> str:
    text = data[:_SHOWN].hex(" ").upper()
    return f"{text} … ({len(data)})" if len(data) > _SHOWN else text
