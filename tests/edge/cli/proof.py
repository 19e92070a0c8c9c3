"""What must hold after any trouble: nothing accepted lost or untrue, what is missing named."""

import json
from collections import defaultdict
from dataclasses import dataclass

from edge.journal import Journal
from edge.uplink import DEST
from firmware_sim.bench_tools.accepted import Accepted
from protocol.uplink.event import Event, decode_event
from protocol.uplink.part import Part, decode_part
from protocol.uplink.quality import Quality
from tests.edge.cli.failing import DUE, KINDS, Bench
from tests.edge.cli.processes import call, until

ABSENCE = (
    Quality.NO_ANSWER
    | Quality.REFUSED
    | Quality.NO_VALUE
    | Quality.GARBLED
    | Quality.LINE_DOWN
    | Quality.NOT_REACHED
)
"""Bits that say why a value is missing."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the journal holds at the end."""

    epoch: str
    head: int
    parts: list[Part]
    """Sweep parts, in order."""
    results: list[Part]
    events: list[Event]
    stopped_ms: int
    """When the agent had ended, wall ms."""

    def short(self, device: str) -> list[Quality]:
        """The quality of each row of the device that lacks a value it should have, in order.

        But for those that the agent's own end left unread, in the sweep it came upon.
        """
        ends = {part.line: part.slot for part in self.parts if part.slot <= self.stopped_ms}
        return [
            quality
            for part, name, quality in _short(self.parts)
            if name == device
            and not (quality & Quality.NOT_REACHED and part.slot == ends[part.line])
        ]


def kept(bench: Bench) -> Kept:
    """What is in the journal."""
    journal = Journal.open_reading(str(bench.journal))
    try:
        entries = journal.read(0, 1_000_000)
        return Kept(
            journal.epoch,
            journal.head,
            [decode_part(entry.body) for entry in entries if entry.kind == "sweep"],
            [decode_part(entry.body) for entry in entries if entry.kind == "result"],
            [decode_event(entry.body) for entry in entries if entry.kind == "event"],
            bench.stopped_ms,
        )
    finally:
        journal.close()


def prove(bench: Bench) -> Kept:
    """The proof, once agent and meters have ended; broker and head-end are still there."""
    journal = Journal.open_reading(str(bench.journal))
    try:
        seqs = [entry.seq for entry in journal.read(0, 1_000_000)]
        assert seqs == list(range(1, journal.head + 1))
        assert (journal.dropped, journal.damaged) == (0, 0)
        # settled by the head-end's own word alone, for each seq
        assert journal.backlog(DEST).count == 0
        due = {(journal.epoch, seq) for seq in seqs}
    finally:
        journal.close()
    heard = bench.witness.heard
    until(lambda: due <= set(heard), bench.headend, "every seq of the epoch at the witness")
    account = Accepted(bench.journal).account(bench.readings)
    assert account.accepted > 0
    assert (account.lost, account.waiting, account.first_lost) == (0, 0, "")
    nothing_untrue(bench)
    found = kept(bench)
    nothing_unnamed(found)
    return found


def nothing_untrue(bench: Bench) -> None:
    """Every value at the head-end is what a device answered at that time."""
    places = (str(bench.truth), str(bench.readings), "--site", str(bench.site))
    said = call("boxgate-sim", "truth", *places, "--sweeps", "1", "--json")
    report = json.loads(said.out)
    assert report["equal"] > 0, said
    assert (report["different"], report["readings_without_truth"]) == (0, 0), said


def nothing_unnamed(found: Kept) -> None:
    """Every sweep that ended has a row for each device due, and each gap in it its reason."""
    rows: dict[tuple[str, int], list[str]] = defaultdict(list)
    for part in found.parts:
        rows[part.line, part.slot] += part.meters
        if part.last:
            assert sorted(rows[part.line, part.slot]) == sorted(DUE[part.line]), part
    for part, device, quality in _short(found.parts):
        assert quality & ABSENCE, (part, device)


def _short(parts: list[Part]) -> list[tuple[Part, str, Quality]]:
    """(part, device, quality) of each row without a value that others of its kind have given."""
    given: dict[str, set[str]] = defaultdict(set)
    rows = []
    for part in parts:
        for place, device in enumerate(part.meters):
            came = {name for name, values in part.columns.items() if values[place] is not None}
            given[KINDS[device]] |= came
            rows.append((part, device, came, Quality(part.q[place])))
    return [(part, device, q) for part, device, came, q in rows if came < given[KINDS[device]]]
