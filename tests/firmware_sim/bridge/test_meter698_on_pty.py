"""Meters of DL/T 698.45 on a real pty, read by our exchanges: all values the neighbourhood's."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec
import pytest
import serial

from cext.framing698 import Frame698, Scanner698
from edge.site.model import Meter, Site
from firmware_sim.bridge.bench import Options
from firmware_sim.truth import TruthFile
from firmware_sim.world.drift import drift_of
from firmware_sim.world.neighbourhood import Neighbourhood
from firmware_sim.world.past import NOW, Past
from protocol.dlt698 import requests as ask
from protocol.dlt698.get import Get, GetRecord
from protocol.dlt698.read import ReadObjects
from protocol.exchange import Again, Done, NotMine, Refused
from tests.firmware_sim.bridge.running import WAIT_S, running, truth_of
from tests.firmware_sim.firmware.rows698 import at, plain
from tests.firmware_sim.held import EPOCH, r10
from tests.firmware_sim.places import number, site

BAUD = 115_200
HOUSE, BIG = number(1, 1), "370112900002"
SILENCE_S = 0.15
"""So long nothing may come after a request nobody understands; an answer is waited for longer."""
CURVE, DAYS = 0x50020200, 0x50040200
TIME, VOLTAGE, CURRENT, POWER, FORWARD = (
    0x20210200, 0x20000200, 0x20010200, 0x20040200, 0x00100200,
)  # fmt: skip


def place() -> Site:
    """The small site, its first household and its master meter of DL/T 698.45."""
    plain_site = site(baud=BAUD)
    meters = tuple(
        msgspec.structs.replace(one, protocol="dlt698") if one.id in (HOUSE, BIG) else one
        for one in plain_site.meters
    )
    return msgspec.structs.replace(plain_site, meters=meters)


SITE = place()
METERS: dict[str, Meter] = {one.id: one for one in SITE.meters}
WORLD = Neighbourhood(SITE, Options().seed)
STARTED = int(datetime.now(UTC).timestamp() * 1000)
"""Before any bench of this file came up; what befell a meter lies before it."""
PASTS = {
    one.id: Past(WORLD, one, BAUD, drift_of(WORLD.seed, one.id), STARTED) for one in SITE.meters
}
YESTERDAY = (datetime.now(UTC) + timedelta(milliseconds=WORLD.utc_offset_ms)).replace(
    hour=0, minute=0, second=0, microsecond=0, tzinfo=None
) - timedelta(days=1)


class Line:
    """A master's end of a line: an exchange run to its end, with losses where they are wanted."""

    def __init__(self, folder: Path, line: str) -> None:
        self.port = serial.Serial(str(folder / line), 19200, timeout=WAIT_S)
        self.requests = 0

    def run(self, exchange: Any, losses: dict[int, str] | None = None) -> Any:
        """The verdict that ends it. Request n is lost ("request"), or its answer is ("answer"),
        or the answer is heard twice ("twice").
        """
        lost = dict(losses or {})
        data = exchange.start().data
        end = monotonic() + WAIT_S
        self.requests = 0
        while monotonic() < end:
            n = self.requests
            fate = lost.pop(n, "")
            spoiled = bytearray(data)
            spoiled[-3] ^= 0xFF if fate == "request" else 0
            self.port.write(bytes(spoiled))
            self.port.timeout = SILENCE_S if fate == "request" else WAIT_S
            frame = self.heard()
            assert (frame is None) is (fate == "request"), (n, fate)
            if frame is None or fate == "answer":
                continue
            self.requests += 1
            verdict = exchange.on_frame(frame)
            if fate == "twice":
                verdict = exchange.on_frame(frame)
            assert not isinstance(verdict, NotMine), verdict
            if not isinstance(verdict, Again):
                return verdict
            data = verdict.request.data
        raise AssertionError("an exchange that never ends")

    def heard(self) -> Frame698 | None:
        """The next frame; None = silence."""
        scanner = Scanner698()
        while byte := self.port.read(1):
            if frame := scanner.feed(byte):
                return frame
        return None


@contextmanager
def reading(folder: Path, line: str, truth: TruthFile | None = None) -> Iterator[Line]:
    """The bench, and a master on one of its lines."""
    options = Options(delay_ms=1)
    with running(folder, truth=truth, options=options, place=SITE):
        master = Line(folder, line)
        try:
            yield master
        finally:
            master.port.close()


def shown(meter: str, t_ms: int, present: bool = False) -> dict[str, list[int]]:
    """What the meter's chip shows at an instant, by the map of docs/firmware.md, rounded.

    A past one is a whole second of the meter's own clock; the present is to the millisecond.
    """
    chip = bytearray(0x80)
    second = (t_ms + WORLD.utc_offset_ms) // 1000 - int(EPOCH.replace(tzinfo=UTC).timestamp())
    now_ms = t_ms if present else STARTED
    assert PASTS[meter].fill(chip, 0, NOW if present else second, 0, now_ms)
    elements = chip[2]
    watt = struct.unpack_from(">3i", chip, 0x30)[:elements]
    counts = struct.unpack_from(">4I", chip, 0x60)
    return {
        "voltage": [r10(one) for one in struct.unpack_from(">3H", chip, 0x10)[:elements]],
        "current": [r10(one) for one in struct.unpack_from(">3i", chip, 0x20)[:elements]],
        "power": [r10(sum(watt)), *map(r10, watt)],
        "forward": [sum(counts) // 16, *(one // 16 for one in counts)],
    }


def flat(world: dict[str, list[int]]) -> list[int]:
    """All of it in its order."""
    return [value for values in world.values() for value in values]


def utc_ms(local: datetime) -> int:
    """An instant of the site's clock."""
    return int(local.replace(tzinfo=UTC).timestamp() * 1000) - WORLD.utc_offset_ms


def quarters() -> list[datetime]:
    """Those of yesterday at which the three-phase meter had power."""
    every = [YESTERDAY + timedelta(minutes=15 * n) for n in range(96)]
    return [when for when in every if any(shown(BIG, utc_ms(when))["voltage"])]


def day_of_the_curve(*columns: int) -> GetRecord:
    """Yesterday of the three-phase meter."""
    start, end = (ask.moment(at(YESTERDAY + timedelta(days=n))) for n in (0, 1))
    return GetRecord(BIG, CURVE, ask.between(TIME, start, end), columns)


def rows(exchange: GetRecord) -> list[list[Any]]:
    """The rows of its one record."""
    (record,) = exchange.records
    assert isinstance(record.outcome, tuple)
    return [[plain(data) for data in row] for row in record.outcome]


def test_a_list_is_read_and_every_value_is_the_neighbourhoods_at_that_instant(
    tmp_path: Path,
) -> None:
    path = tmp_path / "truth.jsonl"
    truth = TruthFile(path)
    with reading(tmp_path, "b2", truth) as line:
        done = line.run(ReadObjects(BIG, ["20000200", "20010200", "20040200", "00100200"]))
    truth.close()
    assert isinstance(done, Done)
    assert done.refused == ""
    # the meter looked when the question had come, some ms before its answer was handed over
    heard = truth_of(path)[0]["t"]
    looks = (flat(shown(BIG, t_ms, present=True)) for t_ms in range(heard, heard - 1000, -1))
    values = [one.scaled for one in done.values]
    assert any(values == look for look in looks)


def test_an_attribute_and_what_is_refused_of_a_list_are_read_by_get(tmp_path: Path) -> None:
    with reading(tmp_path, "b1") as line:
        own = Get(HOUSE, lambda piid: ask.encode_get(0x40010200, piid))
        assert line.run(own) == Done(())
        assert own.results[0].outcome.value == bytes.fromhex(HOUSE)  # type: ignore[union-attr]
        two = Get(HOUSE, lambda piid: ask.encode_get_list([0x41040200, 0x20000204], piid))
        assert line.run(two) == Done(())
        _, notes = two.fields()
        assert len(notes) == 1
        none = Get(HOUSE, lambda piid: ask.encode_get(0xAAAA0200, piid))
        verdict = line.run(none)
        assert isinstance(verdict, Refused)
        assert verdict.code == 4


@pytest.mark.parametrize(
    "losses",
    [
        {},
        {0: "request", 3: "request", 7: "request"},
        {0: "answer", 1: "answer", 6: "answer", 12: "answer"},
        {0: "twice", 4: "twice", 5: "twice"},
    ],
    ids=["quiet", "requests-lost", "answers-lost", "answers-twice"],
)
def test_a_day_of_the_curve_comes_in_fragments_equal_to_the_neighbourhood(
    tmp_path: Path, losses: dict[int, str]
) -> None:
    asked = day_of_the_curve(TIME, VOLTAGE, CURRENT, POWER, 0x00100201)
    with reading(tmp_path, "b2") as line:
        assert line.run(asked, losses) == Done(())
        assert line.requests == 13
    got = rows(asked)
    assert [row[0] for row in got] == quarters()
    for when, voltage, current, power, forward in got:
        world = shown(BIG, utc_ms(when))
        assert voltage == world["voltage"]
        assert current == world["current"]
        assert power == world["power"]
        assert forward == world["forward"][0]


def test_a_day_of_all_columns_comes_in_blocks_of_fragments(tmp_path: Path) -> None:
    asked = day_of_the_curve()
    with reading(tmp_path, "b2") as line:
        assert line.run(asked, {2: "request", 25: "answer"}) == Done(())
    got = rows(asked)
    assert [row[0] for row in got] == quarters()
    for row in got:
        world = shown(BIG, utc_ms(row[0]))
        assert row[2:6] == [world["voltage"], world["current"], world["power"], world["forward"]]


def test_days_of_a_household_are_its_registers_at_midnight(tmp_path: Path) -> None:
    asked = GetRecord(HOUSE, DAYS, ask.newest(30), (TIME, FORWARD, VOLTAGE))
    with reading(tmp_path, "b1") as line:
        assert line.run(asked) == Done(())
    got = rows(asked)
    assert len(got) == 30
    for when, forward, voltage in got:
        world = shown(HOUSE, utc_ms(when))
        assert [forward, voltage] == [world["forward"], world["voltage"]]
