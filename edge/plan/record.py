"""From what a line read to what the journal keeps: wall time, primary values, quality bits."""

from collections.abc import Callable, Mapping

from edge.bus.parts import MeterRow, RowEnd, SweepPart
from edge.plan.ratio import has_ratio, primary
from edge.site.model import Meter
from protocol.uplink.part import Part
from protocol.uplink.quality import Quality

ROW_QUALITY = {
    RowEnd.WHOLE: Quality(0),
    RowEnd.NO_ANSWER: Quality.NO_ANSWER,
    RowEnd.GARBLED: Quality.GARBLED,
    RowEnd.LINE_DOWN: Quality.LINE_DOWN,
    RowEnd.NOT_REACHED: Quality.NOT_REACHED,
}


def to_part(
    sweep: SweepPart,
    slot: int,
    meters: Mapping[str, Meter],
    wall_ms: Callable[[int], int],
    clock: Quality,
) -> Part:
    """The journal's form of a sweep part.

    A column for every quantity that any row of the part asked for; None where a meter has not
    given it. `t` is the end of a meter's first exchange, `dt` what each value lies behind it, ms.
    """
    names: dict[str, None] = {}
    for row in sweep.rows:
        names.update(dict.fromkeys(quantity.name for quantity, _, _ in row.values))
        names.update(dict.fromkeys(quantity.name for quantity in row.absent))
    columns: dict[str, list[int | None]] = {name: [None] * len(sweep.rows) for name in names}
    behind: dict[str, list[int]] = {name: [0] * len(sweep.rows) for name in names}
    times: list[int] = []
    for place, row in enumerate(sweep.rows):
        first = wall_ms(row.at)
        times.append(first)
        meter = meters.get(row.meter)
        for quantity, scaled, at in row.values:
            behind[quantity.name][place] = wall_ms(at) - first
            if scaled is not None:
                # a TMU is no meter: its values are what they are
                value = scaled if meter is None else primary(meter, quantity, scaled)
                columns[quantity.name][place] = value
    return Part(
        kind="sweep",
        slot=slot,
        line=sweep.line,
        part=sweep.part,
        last=sweep.last,
        meters=[row.meter for row in sweep.rows],
        t=times,
        dt=behind,
        columns=columns,
        q=[int(quality(row, meters.get(row.meter)) | clock) for row in sweep.rows],
    )


def quality(row: MeterRow, meter: Meter | None) -> Quality:
    """The quality bits of a row, the clock's apart."""
    bits = ROW_QUALITY[row.end]
    if row.refused:
        bits |= Quality.REFUSED
    if any(scaled is None for _, scaled, _ in row.values):
        bits |= Quality.NO_VALUE
    if meter is not None and has_ratio(meter):
        bits |= Quality.CT_APPLIED
    return bits
