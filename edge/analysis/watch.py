"""What happened to the lines, boxes and meters: one event a place, begun and ended once.

Theory of operation. The watch sees every accepted sweep part and every state of a port, and is
told the wall time. In a sweep each device either *answered* (a value, or a meter's word that it has
none), was *silent* (asked, no whole answer), or is *unproven*: its line's port was gone, its turn
did not come, or its row never came. Unproven says nothing about a device and changes nothing.

An answer ends at once whatever said that its meter, box or line is silent, and what else was silent
there counts anew. Silence is judged when
the line's sweep is over, from the widest place to the narrowest, and the first that fits stands
for all that is in it:

    line_down      the port is away, from its going to its coming back; nothing else is judged
    line_silent    nobody answered, and everybody who ever had (at least 2) is silent: the pair
    box_silent     3 or more meters of a box who had answered, all silent, others answer: its power
    meter_silent   2 sweeps without any answer while others on the line answer

What has never answered is judged in the same way, but only after 2 sweeps: then a line with its
wires crossed is one event too, not 48. When a wider event begins, the narrower ones in its place
end. When nobody answers and not everybody has been asked since (a dead line's sweep is slow and is
cut by the next slot), no meter is blamed before it is known to be the line.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from edge.analysis.happenings import Happenings
from edge.site.model import Site
from edge.site.place import common_place, meter_place, tmu_place
from protocol.uplink.event import Event, Scalar
from protocol.uplink.part import Part
from protocol.uplink.quality import Quality

METER_SWEEPS = 2
"""Silent sweeps before a meter is said to be silent, and before what never answered is."""
BOX_METERS = 3
"""Fewer silent meters are no sign of their box (outage practice: 3 neighbours)."""
LINE_DEVICES = 2
"""Fewer devices are no sign of their line."""

SILENCE = Quality.NO_ANSWER | Quality.GARBLED
UNPROVEN = Quality.LINE_DOWN | Quality.NOT_REACHED
SPOKE = Quality.REFUSED | Quality.NO_VALUE


class Verdict(IntEnum):
    """What a sweep proves of a device; of two rows the higher one counts."""

    UNPROVEN = 0
    SILENT = 1
    ANSWERED = 2


@dataclass(slots=True)
class _Device:
    """A meter or TMU and its silence so far."""

    id: str
    kind: str
    place: str
    box: str
    answered_at: int | None = None
    """UTC ms of the last answer, None = never since the start."""
    silent_sweeps: int = 0
    garbled_sweeps: int = 0
    silent_since: int = 0
    """UTC ms of the first question without answer, where silent_sweeps > 0."""

    @property
    def needed(self) -> int:
        """Silent sweeps that prove something about the place this device stands for."""
        return METER_SWEEPS if self.answered_at is None else 1


@dataclass(slots=True)
class _Line:
    """A line, its devices, and the sweep that is running."""

    id: str
    place: str
    devices: dict[str, _Device]
    boxes: dict[str, list[_Device]]
    back_at: int = 0
    """UTC ms when the port last came back: no silence is said to be older."""
    slot: int | None = None
    """None = no sweep has begun since the last one ended."""
    disturbed: bool = False
    """The port went away during this sweep: its silences prove nothing."""
    seen: dict[str, tuple[Verdict, int, bool]] = field(default_factory=dict)
    """Device -> verdict, UTC ms, whether bytes came."""


class Watch:
    """One gateway's watch; the same inputs give the same events."""

    def __init__(self, site: Site, lines: Mapping[str, tuple[str, ...]]) -> None:
        """`lines`: line -> ids of the devices due on it."""
        self._site = site
        self._open = Happenings(site)
        self._lines = _lines(site, lines)
        owners = (one.id for one in site.gateways if set(lines) & set(one.lines))
        self._gateway = next(owners, "")

    @property
    def open_count(self) -> int:
        """Events that have begun and not ended."""
        return len(self._open)

    def newest_open(self, most: int) -> list[Event]:
        """The last `most` of them to begin, oldest first."""
        return self._open.newest(most)

    # ---- what it is told ----------------------------------------------------------------------

    def started(self, version: str, epoch: str, now_ms: int) -> list[Event]:
        """The program has begun; events it left open in an earlier life are over with this."""
        facts: dict[str, Scalar] = {
            "version": version,
            "epoch": epoch,
            "config": self._site.digest,
            "lines": len(self._lines),
            "devices": sum(len(line.devices) for line in self._lines.values()),
        }
        return [self._open.instant("gateway_started", self._gateway, "", now_ms, "started", facts)]

    def journal(self, refused: str, now_ms: int) -> list[Event]:
        """The journal refuses entries for that reason; "" = it takes them again."""
        kind, subject = "journal_refused", "journal"
        if not refused:
            return _told(self._open.end(kind, subject, now_ms, {"ended_by": "journal"}))
        if self._open.is_open(kind, subject):
            return _told(self._open.update(kind, subject, refused))
        return _told(self._open.begin(kind, subject, "", now_ms, now_ms, refused, {}))

    def line(self, line: str, state: str, reason: str, now_ms: int) -> list[Event]:
        """The line's port came ("up") or went ("down"); other states say nothing of it."""
        known = self._lines.get(line)
        if known is None:
            return []
        match state:
            case "up":
                ended = self._open.end("line_down", line, now_ms, {"ended_by": "port"})
                known.back_at = now_ms if ended else known.back_at
                return _told(ended)
            case "down":
                return self._down(known, reason or "the port is gone", now_ms)
            case _:
                return []

    def clock_set(self, by_ms: int) -> None:
        """The wall clock has been set, by that many ms: every remembered time moves with it.

        An event begun in 1970, before the time was known, has not lasted for decades.
        """
        for line in self._lines.values():
            line.back_at += by_ms if line.back_at else 0
            line.seen = {
                name: (verdict, at + by_ms, garbled)
                for name, (verdict, at, garbled) in line.seen.items()
            }
            for device in line.devices.values():
                device.silent_since += by_ms
                if device.answered_at is not None:
                    device.answered_at += by_ms
        self._open.move(by_ms)

    def part(self, part: Part, now_ms: int) -> list[Event]:
        """An accepted part of a sweep; parts of other kinds and lines are passed over."""
        line = self._lines.get(part.line)
        if line is None or part.kind != "sweep":
            return []
        told: list[Event | None] = []
        if line.slot is not None and line.slot != part.slot:
            # a sweep whose last part never came
            told += self._close(line, now_ms)
        if line.slot is None:
            line.slot, line.seen = part.slot, {}
            line.disturbed = self._open.is_open("line_down", line.id)
        for row, name in enumerate(part.meters):
            device = line.devices.get(name)
            if device is None:
                continue
            verdict = _verdict(part, row)
            if verdict is Verdict.ANSWERED:
                told += self._answered(line, device, part.t[row])
            if verdict > line.seen.get(name, (Verdict.UNPROVEN, 0, False))[0]:
                garbled = bool(part.q[row] & Quality.GARBLED)
                line.seen[name] = (verdict, part.t[row], garbled)
        if part.last:
            told += self._close(line, now_ms)
        return _told(*told)

    # ---- the port -----------------------------------------------------------------------------

    def _down(self, line: _Line, reason: str, now_ms: int) -> list[Event]:
        line.disturbed = True
        if self._open.is_open("line_down", line.id):
            return _told(self._open.update("line_down", line.id, reason))
        return _told(
            self._open.end("line_silent", line.id, now_ms, {"ended_by": "line_down"}),
            self._open.begin(
                "line_down",
                line.id,
                line.place,
                now_ms,
                now_ms,
                reason,
                {"due_devices": len(line.devices)},
            ),
        )

    # ---- an answer ----------------------------------------------------------------------------

    def _answered(self, line: _Line, device: _Device, at: int) -> list[Event | None]:
        device.answered_at = at
        device.silent_sweeps = device.garbled_sweeps = 0
        facts: dict[str, Scalar] = {"ended_by": "answer", "answered_by": device.id}
        wider = [
            (self._open.end("line_silent", line.id, at, facts), list(line.devices.values())),
            (self._open.end("box_silent", device.box, at, facts), line.boxes.get(device.box, [])),
        ]
        for ended, within in wider:
            if ended is not None:
                _begin_anew(line, within)
        told = [ended for ended, _ in wider]
        return [*told, self._open.end("meter_silent", device.id, at, facts)]

    # ---- silence ------------------------------------------------------------------------------

    def _close(self, line: _Line, now_ms: int) -> list[Event | None]:
        """The sweep is over: count its silences, and judge them."""
        line.slot = None
        if line.disturbed:
            return []
        answered = any(verdict is Verdict.ANSWERED for verdict, _, _ in line.seen.values())
        silent = []
        for device in line.devices.values():
            verdict, at, garbled = line.seen.get(device.id, (Verdict.UNPROVEN, 0, False))
            if verdict is Verdict.SILENT:
                _count(device, at, garbled)
                silent.append(device)
        if not silent:
            return []
        if not answered:
            witnesses = _witnesses(line.devices.values())
            if len(witnesses) >= LINE_DEVICES:
                return self._line_silent(line, witnesses, now_ms)
        told: list[Event | None] = []
        for box in dict.fromkeys(device.box for device in silent if device.box in line.boxes):
            told += self._box_silent(line, box, now_ms)
        for device in silent:
            told.append(self._meter_silent(line, device, now_ms))
        return told

    def _line_silent(
        self, line: _Line, witnesses: Sequence[_Device], now_ms: int
    ) -> list[Event | None]:
        if not _all_silent(witnesses):
            return []
        over: dict[str, Scalar] = {"ended_by": "line_silent"}
        since = max(line.back_at, *(device.silent_since for device in witnesses))
        told = [self._open.end("box_silent", box, since, over) for box in line.boxes]
        told += [self._open.end("meter_silent", one, since, over) for one in line.devices]
        never = witnesses[0].answered_at is None
        facts: dict[str, Scalar] = {
            "due_devices": len(line.devices),
            "heard_devices": 0 if never else len(witnesses),
            "silent_devices": sum(device.silent_sweeps > 0 for device in line.devices.values()),
        }
        cause = "never answered" if never else "no device on the line answers, its port is there"
        event = self._open.begin("line_silent", line.id, line.place, since, now_ms, cause, facts)
        return [*told, event]

    def _box_silent(self, line: _Line, box: str, now_ms: int) -> list[Event | None]:
        meters = line.boxes[box]
        witnesses = _witnesses(meters)
        if self._open.is_open("box_silent", box):
            return []
        if len(witnesses) < BOX_METERS or not _all_silent(witnesses):
            return []
        over: dict[str, Scalar] = {"ended_by": "box_silent"}
        since = max(line.back_at, *(device.silent_since for device in witnesses))
        told = [self._open.end("meter_silent", one.id, since, over) for one in meters]
        never = witnesses[0].answered_at is None
        facts: dict[str, Scalar] = {
            "line": line.id,
            "due_meters": len(meters),
            "heard_meters": 0 if never else len(witnesses),
            "silent_meters": sum(device.silent_sweeps > 0 for device in meters),
        }
        cause = "never answered" if never else "no meter of the box answers, others on the line do"
        event = self._open.begin("box_silent", box, meters[0].place, since, now_ms, cause, facts)
        return [*told, event]

    def _meter_silent(self, line: _Line, device: _Device, now_ms: int) -> Event | None:
        if device.silent_sweeps < METER_SWEEPS or self._open.is_open("box_silent", device.box):
            return None
        facts: dict[str, Scalar] = {
            "line": line.id,
            "kind": device.kind,
            "silent_sweeps": device.silent_sweeps,
            "garbled_sweeps": device.garbled_sweeps,
            "last_answer_ms": device.answered_at,
        }
        cause = "no answer"
        if device.garbled_sweeps == device.silent_sweeps:
            cause = "garbled answers only"
        elif device.answered_at is None:
            cause = "never answered"
        since = max(line.back_at, device.silent_since)
        return self._open.begin(
            "meter_silent", device.id, device.place, since, now_ms, cause, facts
        )


def _told(*events: Event | None) -> list[Event]:
    return [event for event in events if event is not None]


def _verdict(part: Part, row: int) -> Verdict:
    """A value, or the meter's own word that it has none, is an answer."""
    if any(column[row] is not None for column in part.columns.values()):
        return Verdict.ANSWERED
    bits = part.q[row]
    if bits & UNPROVEN:
        return Verdict.UNPROVEN
    if bits & SILENCE:
        return Verdict.SILENT
    return Verdict.ANSWERED if bits & SPOKE else Verdict.UNPROVEN


def _begin_anew(line: _Line, devices: Iterable[_Device]) -> None:
    """Forget the silence that a wider event stood for: power may have come back amid the sweep."""
    for device in devices:
        device.silent_sweeps = device.garbled_sweeps = 0
        if line.seen.get(device.id, (Verdict.UNPROVEN,))[0] is Verdict.SILENT:
            del line.seen[device.id]


def _count(device: _Device, at: int, garbled: bool) -> None:
    if not device.silent_sweeps:
        device.silent_since = at
    device.silent_sweeps += 1
    device.garbled_sweeps += garbled


def _witnesses(devices: Iterable[_Device]) -> list[_Device]:
    """Whose silence says something of their place: who had answered, or all if nobody ever has."""
    every = list(devices)
    return [device for device in every if device.answered_at is not None] or every


def _all_silent(witnesses: Iterable[_Device]) -> bool:
    return all(device.silent_sweeps >= device.needed for device in witnesses)


def _lines(site: Site, due: Mapping[str, tuple[str, ...]]) -> dict[str, _Line]:
    known: dict[str, tuple[str, str, str]] = {
        meter.id: (meter.kind, meter_place(site, meter), meter.box) for meter in site.meters
    }
    known |= {tmu.id: ("tmu", tmu_place(site, tmu), "") for tmu in site.tmus}
    lines: dict[str, _Line] = {}
    taken: set[str] = set()
    homes: dict[str, set[str]] = {}
    for line, ids in due.items():
        fresh = [one for one in dict.fromkeys(ids) if one not in taken]
        taken.update(fresh)
        devices = {one: _Device(one, *known.get(one, ("", "", ""))) for one in fresh}
        place = common_place(device.place for device in devices.values())
        lines[line] = _Line(line, place, devices, {})
        for device in devices.values():
            if device.box:
                lines[line].boxes.setdefault(device.box, []).append(device)
                homes.setdefault(device.box, set()).add(line)
    for one_line in lines.values():
        # of a box that hangs on two lines neither line alone can tell
        boxes = one_line.boxes.items()
        one_line.boxes = {box: found for box, found in boxes if len(homes[box]) == 1}
    return lines
