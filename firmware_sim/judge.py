"""The judge: do the readings that arrived equal what the meters answered?

It shares no code with the decoders it judges: it reads the raw digits of the truth file by a table
of its own (truth_items.csv) and compares exact decimals. A reading belongs to the truth record of
the same meter and quantity nearest to it in time, at most NEAR_MS away; each record is used once,
and in order. A reading without a value is no reading: unless the meter itself showed no value, it
counts as missing and proves nothing.
"""

import csv
import functools
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any

from edge.words.messages import BoxgateError

NEAR_MS = 2000
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Item:
    """How the data of one identifier reads: `size` bytes for each quantity in turn."""

    quantities: tuple[str, ...]
    size: int
    decimals: int
    signed: bool
    power_of_ten: int
    """From the meter's unit to the reading's: kW to W is 3."""

    def values(self, raw: bytes) -> dict[str, Decimal | None]:
        """Quantity to value in the reading's unit; None where the meter shows none."""
        fields = [raw[i : i + self.size] for i in range(0, len(raw), self.size)]
        return {
            name: self._value(data)
            for name, data in zip(self.quantities, fields, strict=False)
            if len(data) == self.size
        }

    def _value(self, data: bytes) -> Decimal | None:
        high_first = bytearray(reversed(data))
        negative = self.signed and high_first[0] & 0x80 and high_first[0] != 0xFF
        if negative:
            high_first[0] &= 0x7F
        digits = high_first.hex()
        if not digits.isdecimal():
            return None
        value = Decimal(digits).scaleb(self.power_of_ten - self.decimals)
        return -value if negative else value


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


@functools.cache
def items() -> dict[str, Item]:
    """The table by identifier, DI3 first."""
    text = resources.files("firmware_sim").joinpath("truth_items.csv").read_text(encoding="utf-8")
    return {
        row["item"]: Item(
            quantities=tuple(row["quantities"].split()),
            size=int(row["bytes"]),
            decimals=int(row["decimals"]),
            signed=row["signed"] == "yes",
            power_of_ten=int(row["power_of_ten"]),
        )
        for row in csv.DictReader(text.splitlines())
    }


def load_truth(path: Path, line: str | None) -> dict[tuple[str, str], list[Truth]]:
    """(meter, quantity) -> values in order of time, of one line or of all."""
    table: dict[tuple[str, str], list[Truth]] = defaultdict(list)
    for number, record in _objects(path):
        try:
            if line is not None and record["line"] != line:
                continue
            item = items().get(record["item"])
            values = item.values(bytes.fromhex(record["raw"])) if item else {}
            for name, value in values.items():
                table[record["meter"], name].append(Truth(int(record["t"]), value))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BoxgateError("sim_truth_line", path=path, number=number) from error
    for answers in table.values():
        answers.sort(key=lambda truth: truth.t)
    return dict(table)


def load_readings(path: Path) -> list[Reading]:
    """The readings as a head-end collected them, in order of time."""
    readings = []
    for number, record in _objects(path):
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
    used: Counter[tuple[str, str]] = Counter()
    answered: Counter[tuple[str, str]] = Counter()
    equal: Counter[tuple[str, str]] = Counter()
    for reading in readings:
        key = (reading.meter, reading.quantity)
        index = _nearest(truth.get(key, []), used[key], reading.t)
        if index is None:
            if reading.value is None:
                report.missing += 1
            else:
                report.untrue.append(reading)
            continue
        answer = truth[key][index].value
        if reading.value is None and answer is not None:
            report.missing += 1
            continue
        used[key] = index + 1
        answered[key] += 1
        if reading.value == answer:
            report.equal += 1
            equal[key] += 1
        else:
            report.different.append(Difference(reading, answer))
    report.unread = sum(len(values) for values in truth.values()) - answered.total()
    expected: dict[str, set[str]] = defaultdict(set)
    for (meter, quantity), answers in truth.items():
        if meter in due and sum(one.value is not None for one in answers) >= sweeps:
            expected[due[meter]].add(quantity)
    for meter, kind in due.items():
        report.sweeps[meter] = min((equal[meter, name] for name in expected[kind]), default=0)
    return report


def _nearest(answers: list[Truth], first: int, t: int) -> int | None:
    """Index, from `first` on, of the answer nearest to t; None if none is near."""
    best = None
    distance = NEAR_MS
    for index in range(first, len(answers)):
        away = abs(answers[index].t - t)
        if away <= distance:
            best, distance = index, away
        if answers[index].t > t:
            break
    return best


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
