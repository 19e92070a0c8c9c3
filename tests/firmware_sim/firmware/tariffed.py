"""A meter of the neighbourhood for tests of tariffs: of either firmware, its power cut at will.

What its tariffs must show is summed up here from the neighbourhood alone (calendars.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from edge.site.model import Meter
from firmware_sim.hal.flash import Flash
from firmware_sim.hal.loader import firmware, meter645, meter698, nv_memory
from firmware_sim.world.chip import image, pulses
from firmware_sim.world.neighbourhood import Neighbourhood
from firmware_sim.world.past import Past
from tests.firmware_sim.firmware.bench698 import connect, frame, get, peer
from tests.firmware_sim.firmware.calendars import Reference
from tests.firmware_sim.frames import Answer, answer, digits, read, request
from tests.firmware_sim.places import site

WORLD = Neighbourhood(site())
SHANGHAI = timedelta(hours=8)
START = datetime(2026, 8, 16, 12)
FACTORY = bytes(firmware("lib.tariffs").FACTORY)
PASSWORD = b"\x02\x00\x00\x00"
OPERATOR = b"\x78\x56\x34\x12"
NIGHT_AND_DAY = bytes.fromhex("010000020006030012040023")
"""A day table: tariff 1 from 00:00, 2 from 06:00, 3 from 12:00, 4 from 23:00."""
PLACES = {
    "04000106": 0, "04000107": 5, "04000801": 20, "04000802": 21,
    "04010000": 22, "04010001": 28, "04010002": 40,
    "04020000": 52, "04020001": 58, "04020002": 70, "04030001": 82, "04030002": 86,
}  # fmt: skip
"""Where an item stands in a calendar's 90 bytes (lib/tariffs.py)."""


def wall(now: datetime) -> int:
    """Local time as ms UTC."""
    return int((now - SHANGHAI).replace(tzinfo=UTC).timestamp() * 1000)


def household(kind: str = "household") -> Meter:
    """The first meter of that kind."""
    return next(one for one in site().meters if one.kind == kind)


def minute(when: datetime) -> bytes:
    """mm hh DD MM YY."""
    return bytes.fromhex(when.strftime("%M%H%d%m%y"))


def counted(meter: Meter, now: datetime) -> list[int]:
    """The chip's pulses forward by its own tariffs."""
    return pulses(WORLD.meter_state(meter, wall(now)).forward)


@dataclass(frozen=True)
class Stretch:
    """From when on, by the board's clock, which calendar counted, how far off the clock was."""

    start: datetime
    calendar: Reference
    shift: timedelta = timedelta()


def expected(meter: Meter, stretches: list[Stretch], now: datetime) -> list[int]:
    """Pulses by tariff at an instant: the chip's at the first stretch, and what came since."""
    if now < stretches[0].start:
        return counted(meter, now)
    found = counted(meter, stretches[0].start)
    for start, end, tariff in _pieces(stretches, now):
        found[tariff - 1] += sum(counted(meter, end)) - sum(counted(meter, start))
    return found


def _pieces(stretches: list[Stretch], until: datetime) -> Iterator[tuple[datetime, datetime, int]]:
    """What of one tariff there was: from, to, tariff; looked at every half hour."""
    ends = [one.start for one in stretches[1:]] + [until]
    for one, end in zip(stretches, ends, strict=True):
        start, last = one.start, min(end, until)
        tariff = one.calendar.tariff(start + one.shift)
        at = start
        while at < last:
            shown = at + one.shift
            into = timedelta(minutes=shown.minute % 30, seconds=shown.second)
            at = min(at + timedelta(minutes=30) - into, last)
            new = one.calendar.tariff(at + one.shift)
            if new != tariff:
                yield start, at, tariff
                start, tariff = at, new
        if start < last:
            yield start, last, tariff


class Played:
    """One meter of the neighbourhood, with a flash. `now` is the board's clock, set by the test."""

    def __init__(self, kind: str = "household", protocol: str = "meter645", store: bool = True):
        self.now = START
        self.meter = household(kind)
        self.flash = Flash()
        self.asked = 0
        self._protocol = protocol
        self._store = store
        self._past = Past(WORLD, self.meter, 9600)
        self.restart()

    def restart(self) -> None:
        """The power goes and comes back."""
        make = meter645() if self._protocol == "meter645" else meter698()
        self.core: Any = make(
            bytes.fromhex(self.meter.id)[::-1],
            3 if self.meter.phase == "ABC" else 1,
            self._snapshot,
            lambda: (*self.now.timetuple()[:3], 0, *self.now.timetuple()[3:6], 0),
            1145,
            memory=self._memory if self._store else None,
            nv=nv_memory(self.flash, self._protocol),
        )

    def _snapshot(self, buf: bytearray) -> None:
        buf[:] = image(self.meter, 9600, WORLD.meter_state(self.meter, wall(self.now)))

    def _memory(self, buf: bytearray, page: int, at: int, since: int) -> bool:
        self.asked += 1
        return self._past.fill(buf, page, at, since, wall(self.now))

    def wake(self) -> None:
        """What main.py does every 6 s."""
        self.core.on_deadline(0)

    def hear(self, said: bytes) -> bytes:
        """The answer to a frame."""
        self.core.on_bytes(said, len(said), 0)
        return bytes(self.core.out[: self.core.on_deadline(20_000)])

    # DL/T 645

    def write(self, item: str, data: bytes) -> Answer:
        """Function 14, with the factory's password."""
        order = bytes.fromhex(item)[::-1] + PASSWORD + OPERATOR + data
        return answer(self.hear(request(self.meter.id, 0x14, order)))

    def shown(self, item: str) -> str:
        """The digits of an item; of a block all of them, the last first."""
        return digits(answer(self.hear(read(self.meter.id, item))).raw)

    def energies(self, item: str = "0001FF00") -> list[int | None]:
        """Total and tariffs of a block, 0.01 kWh; None = FF."""
        raw = answer(self.hear(read(self.meter.id, item))).raw
        return [_number(raw[i : i + 4]) for i in range(0, len(raw), 4)]

    # DL/T 698.45

    def serve(self, apdu: bytes) -> bytes:
        """The APDU that answers one."""
        said = self.hear(frame(apdu, self.meter.id))
        return bytes(peer.decode_frame(said.lstrip(b"\xfe")).payload)

    def connect(self) -> None:
        """With the factory's password."""
        assert peer.decode_apdu(self.serve(connect())).result == 0

    def set(self, oad: str, data: str) -> int:
        """SET; the DAR."""
        return self.serve(bytes.fromhex(f"060107{oad}{data}00"))[7]

    def value(self, oad: str) -> str:
        """GET; the Data as hex."""
        data = self.serve(get(oad))
        return data[8:-2].hex().upper() if data[7] else f"dar {data[8]}"

    def array(self, oad: str) -> list[int | None]:
        """An array of 32-bit numbers; None = null."""
        data = bytes.fromhex(self.value(oad))
        assert data[0] == 1
        found: list[int | None] = []
        at = 2
        for _ in range(data[1]):
            found.append(int.from_bytes(data[at + 1 : at + 5], "big") if data[at] else None)
            at += 5 if data[at] else 1
        return found


def _number(raw: bytes) -> int | None:
    return None if raw == b"\xff" * 4 else int(raw[::-1].hex())


def shown(found: list[int]) -> list[int]:
    """Total and tariffs as a meter shows pulses by tariff, 0.01 kWh."""
    rest = sum(one % 16 for one in found) // 16
    return [sum(one // 16 for one in found) + rest, *(one // 16 for one in found)]


SWITCH = datetime(2026, 8, 20, 13, 30)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def with_items(data: bytes, **items: bytes) -> bytes:
    """A calendar with other items."""
    made = bytearray(data)
    for name, new in items.items():
        at = PLACES[name[1:]]
        made[at : at + len(new)] = new
    return bytes(made)


SWITCHED = with_items(
    FACTORY, _04020001=NIGHT_AND_DAY, _04020002=NIGHT_AND_DAY, _04000107=minute(SWITCH)
)
AFTER = [Stretch(SWITCH, Reference(SWITCHED))]


def program(meter: Played, switch: datetime = SWITCH) -> None:
    """Another set of day tables, and when it comes in force."""
    for item in ("04020001", "04020002"):
        assert meter.write(item, NIGHT_AND_DAY).control == 0x94
    assert meter.write("04000107", minute(switch)).control == 0x94


def table(data: bytes) -> str:
    """A day table of DL/T 645 as the Data of 4016."""
    made = "0104"
    for i in range(0, 12, 3):
        hour, minute_, tariff = data[i + 2], data[i + 1], data[i]
        made += f"020311{int(f'{hour:02X}'):02X}11{int(f'{minute_:02X}'):02X}11{tariff:02X}"
    return made


def program698(meter: Played, switch: datetime = SWITCH) -> None:
    """The same by objects."""
    meter.connect()
    assert meter.set("40170200", "0102" + 2 * table(NIGHT_AND_DAY)) == 0
    when = f"{switch.year:04X}" + bytes((*switch.timetuple()[1:6],)).hex()
    assert meter.set("40090200", "1C" + when) == 0
