"""Any bytes -> every frame in them and what it means, the protocol found by itself.

Theory of operation
-------------------
DL/T 698.45 frames are looked for first: two CRCs prove them, and one may carry a whole DL/T 645
frame inside. What lies between and around them is looked through for DL/T 645 frames, whose
envelope is the next strongest (two 68, a length, a checksum, a 16), and what is left by these for
Modbus RTU frames, which have no envelope at all (protocol/modbus/find.py says when one is
believed). What is left then and is not FE is what was not understood, and the reason names it.
Nothing is repaired.
"""

import msgspec

from cext.framing import Frame645
from protocol.decoded import Decoded
from protocol.dlt645 import dialect1997
from protocol.dlt645.find import find as find_645
from protocol.dlt645.frame import FUNCTION
from protocol.dlt645.meaning import meaning as meaning_645
from protocol.dlt698.find import find as find_698
from protocol.dlt698.find import wrong as wrong_698
from protocol.dlt698.meaning import meanings as meanings_698
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
        "other": "a {found} frame, not {wanted}",
        "more": "and more",
    },
    "zh": {
        "empty": "没有字节",
        "noise": "不是帧：{bytes}",
        "crc": "CRC 应为 {want}，实为 {got}",
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
        return _only_698(data, words, lang)
    if protocol is None:
        found = list(meanings_698(find_698(data), lang))
        if found:
            return _beside_698(data, found, words, lang)
    return _others(data, protocol, words, lang)


def _others(
    data: bytes, protocol: str | None, words: dict[str, str], lang: str
) -> tuple[list[Decoded], str]:
    """Frames of DL/T 645 and Modbus, of one of them where that was asked for."""
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
        reason = wrong_698(data, lang) or _crc(data, words) or reason
    return found, reason


def _beside_698(
    data: bytes, found: list[Decoded], words: dict[str, str], lang: str
) -> tuple[list[Decoded], str]:
    """Frames of the others in what DL/T 698.45 frames leave."""
    reasons = []
    everything = list(found)
    for at, end in _between(data, found):
        others, reason = _others(data[at:end], None, words, lang)
        everything += [msgspec.structs.replace(one, start=one.start + at) for one in others]
        if reason:
            reasons.append(reason)
    return sorted(everything, key=lambda one: one.start), _joined(reasons, words)


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


def _only_698(data: bytes, words: dict[str, str], lang: str) -> tuple[list[Decoded], str]:
    found = list(meanings_698(find_698(data), lang))
    wrong = "" if found else wrong_698(data, lang)
    if wrong:
        return [], wrong
    left = [words["noise"].format(bytes=_hex(data[at:end])) for at, end in _between(data, found)]
    return found, _joined(left, words)


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


def _joined(reasons: list[str], words: dict[str, str]) -> str:
    if len(reasons) > _MOST_REASONS:
        reasons = [*reasons[:_MOST_REASONS], words["more"]]
    return "; ".join(reasons)


def _hex(data: bytes) -> str:
    text = data[:_SHOWN].hex(" ").upper()
    return f"{text} … ({len(data)})" if len(data) > _SHOWN else text
