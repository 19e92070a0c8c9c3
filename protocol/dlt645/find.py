"""All frames of an input, and in words what of it was not understood: for `boxgate decode`."""

from cext.framing import Frame645, Scanner645
from protocol.dlt645.fields import word

_START, _END, _WAKE = 0x68, 0x16, 0xFE
_HEADER, _ENVELOPE = 10, 12
_SHOWN = 16
"""Most bytes of hex in one reason."""
_REASONS = 4
"""Most pieces of an input that are explained one by one."""


def find(data: bytes, lang: str = "en") -> tuple[list[Frame645], str]:
    """The whole, checked frames in `data` and the reason for what is none ("" = all understood).

    Wake-up bytes need no reason. Never raises.
    """
    scanner = Scanner645()
    frames: list[Frame645] = []
    frame = scanner.feed(data)
    while frame is not None:
        frames.append(frame)
        frame = scanner.feed(b"")
    said: list[str] = []
    at = 0
    for frame in frames:
        said += _reasons(data[at : frame.start], lang)
        at = frame.start + len(frame.raw)
        if len(said) > _REASONS:
            break
    else:
        said += _reasons(data[at:], lang)
    if not frames and not said:
        said = [word("silence" if data else "empty", lang)]
    if len(said) > _REASONS:
        said[_REASONS:] = ["…"]
    return frames, "; ".join(said)


def _reasons(piece: bytes, lang: str) -> list[str]:
    """Why a piece between frames is no frame: what is wrong with its candidates, in order."""
    said: list[str] = []
    piece = piece.lstrip(bytes([_WAKE]))
    while piece and len(said) <= _REASONS:
        size, reason = _first(piece, lang)
        said.append(reason)
        piece = piece[size:].lstrip(bytes([_WAKE]))
    return said


def _first(piece: bytes, lang: str) -> tuple[int, str]:
    """The first candidate: where it ends, and what is wrong with it."""
    at = piece.find(_START)
    while at >= 0:
        size, reason = _candidate(piece[at : at + _ENVELOPE + 0xFF], lang)
        if reason:
            return at + size, reason
        at = piece.find(_START, at + 1)
    shown = piece[:_SHOWN].hex(" ").upper() + (" …" if len(piece) > _SHOWN else "")
    return len(piece), _fill("noise", lang, got=len(piece), hex=shown)


def _candidate(piece: bytes, lang: str) -> tuple[int, str]:
    """Size and fault of a frame that begins here; "" if hardly one does."""
    if len(piece) < _HEADER:
        likely = len(piece) > 1 and (len(piece) < 8 or piece[7] == _START)
        said = _fill("truncated", lang, want=_ENVELOPE, got=len(piece)) if likely else ""
        return len(piece), said
    size = _ENVELOPE + piece[9]
    raw = piece[:size]
    if piece[7] != _START:
        right = len(raw) == size and raw[-1] == _END
        return size, _fill("start", lang, got=f"{piece[7]:02X}") if right else ""
    if len(raw) < size:
        return len(raw), _fill("truncated", lang, want=size, got=len(raw))
    right_sum = sum(raw[:-2]) & 0xFF
    if raw[-2] != right_sum:
        return size, _fill("checksum", lang, want=f"{right_sum:02X}", got=f"{raw[-2]:02X}")
    return size, _fill("end", lang, got=f"{raw[-1]:02X}")


def _fill(key: str, lang: str, **said: object) -> str:
    return word(key, lang).format(**said)
