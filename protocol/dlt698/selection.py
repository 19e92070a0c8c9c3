"""A record request's row selection (RSD) in one line, and the columns it looks at; sheet §3."""

from collections.abc import Iterator
from typing import Any

import msgspec

from protocol.dlt698 import moment
from protocol.dlt698.axdr import Chosen, Data, Range, Ti, ti_text
from protocol.dlt698.table import text


def selection_text(rsd: Chosen) -> str:
    """'2: 20210200 2016-01-20 00:00:00 2016-01-21 00:00:00 15 min'."""
    # bytes at the top are moments; addresses stand deeper, in the choice of meters
    values = " ".join(
        (moment.date_time_s_text(part) or "-") if isinstance(part, bytes) else _short(part)
        for part in rsd.parts
    )
    return f"{rsd.kind}: {values}"


def selectors(rsd: Chosen) -> Iterator[int]:
    """The columns a selection looks at."""
    if rsd.kind in (1, 2):
        yield rsd.parts[0]
    elif rsd.kind == 3:
        yield from (one.oad for one in rsd.parts[0])


def _short(part: Any) -> str:
    match part:
        case Data():
            return str(text(part))
        case Ti():
            return ti_text(part)
        case Range(oad=oad, start=start, end=end, interval=interval):
            return " ".join(_short(one) for one in (oad, start, end, interval))
        case int():
            return f"{part:08X}" if part > 0xFF else str(part)
        case bytes():
            return part.hex().upper()
        case Chosen():
            return f"({part.kind}{''.join(f' {_short(one)}' for one in part.parts)})"
        case tuple():
            return f"[{', '.join(_short(one) for one in part)}]"
    return msgspec.json.encode(part, enc_hook=str).decode()
