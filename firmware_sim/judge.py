"""The judge: do the readings that arrived equal what the meters and TMUs answered?

It shares no code with the decoders it judges: it reads the raw bytes of the truth file by tables of
its own (truth_table.py) and compares exact decimals; what stands behind a CT or PT is compared in
primary values. A reading belongs to the truth record of the same device and quantity near to it in
time, at most NEAR_MS away; each record is used once, and in order (match.py). A reading without a
value is no reading: unless the device itself showed no value, it counts as missing and proves
nothing. Results that the gateway worked out (kind "result") are no readings and are passed over.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from edge.words.messages import BoxgateError
from firmware_sim.match import match
from firmware_sim.truth_table import ONE, Ratio, answered, items

__all__ = ["Reading", "Report", "Truth", "items", "judge", "load_readings", "load_truth"]

NEAR_MS = 2000
SHOWN = 5
RESULT = "result"


@dataclass(frozen=True, slots=True)
class Truth:
    """One value a meter has answered."""

    t: int
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class Reading:
    """One value that has arrived."""

    meter: str
    quantity: str
    t: int
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A reading that is not what the meter answered."""

    reading: Reading
    answered: Decimal | None


@dataclass(slots=True)
class Report:
    """What the judge found."""

    equal: int = 0
    different: list[Difference] = field(default_factory=list)
    untrue: list[Reading] = field(default_factory=list)
    """Readings with a value that no meter answered near that time."""
    missing: int = 0
    """Readings without a value where the meter gave one, or nothing."""
    unread: int = 0
    """Values answered that no reading shows: cut off at the edges, or asked again."""
    sweeps: dict[str, int] = field(default_factory=dict)
    """Meter due -> how often all its quantities arrived and were equal."""

    @property
    def compared(self) -> int:
        """Readings set against an answer."""
        return self.equal + len(self.different)

    def short(self, sweeps: int) -> list[str]:
        """Meters due with fewer complete sets than asked."""
        return [meter for meter, count in self.sweeps.items() if count < sweeps]


TruthTable = Mapping[tuple[str, str], list[Truth]]


def load_truth(
    path: Path, line: str | None, ratios: Mapping[str, Ratio] | None = None
) -> dict[tuple[str, str], list[Truth]]:
    """(meter, quantity) -> values in order of time, of one line or of all.

    `ratios`: the CT and PT of the meters that have any; values are then primary ones.
    """
    known = ratios or {}
    table: dict[tuple[str, str], list[Truth]] = defaultdict(list)
    for number, record in _objects(path):
        try:
            if line is not None and record["line"] != line:
                continue
            meter = record["meter"]
            raw = bytes.fromhex(record["raw"])
            values = answered(record["item"], raw, known.get(meter, ONE))
            for name, value in values.items():
                table[meter, name].append(Truth(int(record["t"]), value))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BoxgateError("sim_truth_line", path=path, number=number) from error
    for answers in table.values():
        answers.sort(key=lambda truth: truth.t)
    return dict(table)


def load_readings(path: Path) -> list[Reading]:
    """The readings as a head-end collected them, in order of time."""
    readings = []
    for number, record in _objects(path):
        if record.get("kind") == RESULT:
            continue
        try:
            value = record["value"]
            # a number as it was written: 220.1 is 220.1, not its nearest binary fraction
            exact = None if value is None else Decimal(value)
            readings.append(
                Reading(str(record["meter"]), str(record["quantity"]), int(record["t"]), exact)
            )
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise BoxgateError("sim_truth_line", path=path, number=number) from error
    readings.sort(key=lambda reading: reading.t)
    return readings


def judge(
    truth: TruthTable, readings: Iterable[Reading], due: Mapping[str, str], sweeps: int = 1
) -> Report:
    """Compare. `due`: the meters that must be complete, each with its kind.

    What one meter of a kind has answered with a value `sweeps` times is expected of all its kind.
    """
    report = Report()
    told: Counter[tuple[str, str]] = Counter()
    equal: Counter[tuple[str, str]] = Counter()
    by_key: dict[tuple[str, str], list[Reading]] = defaultdict(list)
    for reading in readings:
        by_key[reading.meter, reading.quantity].append(reading)
    for key, arrived in by_key.items():
        for reading, found in _pairs(arrived, truth.get(key, [])):
            answer = None if found is None else found.value
            if reading.value is None and (found is None or answer is not None):
                report.missing += 1
            elif found is None:
                report.untrue.append(reading)
            elif reading.value == answer:
                report.equal += 1
                told[key] += 1
                equal[key] += 1
            else:
                report.different.append(Difference(reading, answer))
                told[key] += 1
    report.different.sort(key=lambda one: one.reading.t)
    report.untrue.sort(key=_time)
    report.unread = sum(len(values) for values in truth.values()) - told.total()
    expected: dict[str, set[str]] = defaultdict(set)
    for (meter, quantity), answers in truth.items():
        if meter in due and sum(one.value is not None for one in answers) >= sweeps:
            expected[due[meter]].add(quantity)
    for meter, kind in due.items():
        report.sweeps[meter] = min((equal[meter, name] for name in expected[kind]), default=0)
    return report


def _pairs(
    arrived: Sequence[Reading], answers: Sequence[Truth]
) -> Iterator[tuple[Reading, Truth | None]]:
    """Every reading with its answer.

    Those without a value come last: a meter that was not reached was not answered either, and must
    not take an answer from a reading that has one.
    """
    left = list(answers)
    for blank in (False, True):
        readings = sorted((one for one in arrived if (one.value is None) is blank), key=_time)
        if not readings:
            continue
        found = match([one.t for one in left], [one.t for one in readings], NEAR_MS)
        yield from (
            (reading, None if index is None else left[index])
            for reading, index in zip(readings, found, strict=True)
        )
        used = set(found)
        left = [one for index, one in enumerate(left) if index not in used]


def _time(reading: Reading) -> int:
    return reading.t


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, object) of a JSON lines file; a last line cut off by a kill is passed over."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        cause = getattr(error, "strerror", None) or "not UTF-8"
        raise BoxgateError("sim_truth_read", path=path, cause=cause) from error
    cut_off = lines.pop()
    if _parse(cut_off) is not None:
        lines.append(cut_off)
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        record = _parse(text)
        if record is None:
            raise BoxgateError("sim_truth_line", path=path, number=number)
        yield number, record


def _parse(text: str) -> dict[str, Any] | None:
    """The object of one line; None if it is none."""
    try:
        record = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None
