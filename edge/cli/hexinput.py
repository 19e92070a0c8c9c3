"""Hex as people paste it -> bytes: spaces, 0x, other separators, the H of a manual."""

import re

LONGEST = 1_000_000
"""Most characters of one input."""
_SEPARATORS = re.compile(r"(?:[\s,:;|_\-\[\](){}'\"]|\\x|\\)+")
_PAIR_H = re.compile(r"([0-9A-Fa-f]{2})[Hh]", re.ASCII)
_OTHER = re.compile(r"[^0-9A-Fa-f]", re.ASCII)


def parse(text: str) -> tuple[bytes | None, str]:
    """The bytes of a text, or None and what is wrong with it.

    A group of one digit behind 0x is that byte (0x6 = 06); elsewhere digits go in pairs.
    """
    if len(text) > LONGEST:
        return None, f"hex: {len(text)} characters, more than the {LONGEST} of one input"
    groups = []
    for group in _SEPARATORS.split(text):
        digits = group
        if group[:2] in ("0x", "0X"):
            # 0x68 0x61 and 0x680x61 alike
            parts = re.split("0[xX]", group)[1:]
            digits = "".join(part.zfill(2) if len(part) == 1 else part for part in parts)
        elif _PAIR_H.fullmatch(group):
            digits = group[:-1]
        wrong = _OTHER.search(digits)
        if wrong is not None:
            return None, f"hex: {_shown(wrong[0])} in {_shown(group)} is not a hex digit"
        groups.append(digits)
    whole = "".join(groups)
    if not whole:
        return None, "no bytes"
    if len(whole) % 2:
        return None, f"hex: {len(whole)} digits, one is missing or too many"
    return bytes.fromhex(whole), ""


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 20 else f"{text[:20]}…").replace("\\u2026", "…")
