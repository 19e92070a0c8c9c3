"""The books: what is read becomes records, and so does what follows from it.

A sweep part is followed at once by the results and the events it gives rise to, so that the journal
holds them in the order in which they became known. While the disk refuses, all of them wait in the
intake, in that order.
"""

from collections.abc import Callable, Mapping, Sequence

from edge.analysis.desk import Desk
from edge.analysis.watch import Watch
from edge.door import Note
from edge.journal import Backlog, Journal, JournalError
from edge.journal.intake import Intake, Record
from edge.site.model import Site
from edge.uplink import DEST
from protocol.uplink.errors import PayloadError
from protocol.uplink.event import Event, encode_event
from protocol.uplink.part import Part, decode_part, encode_part

LOOK_BACK = 500
"""Newest entries of the journal looked at for the last results."""
OPEN_MOST = 20
"""Open events that the state names."""


class Books:
    """Keeps a gateway's journal. `note` takes lines for the log; all times wall ms but `now`."""

    def __init__(
        self,
        site: Site,
        lines: Mapping[str, tuple[str, ...]],
        journal: Journal,
        note: Callable[[Note], None],
    ) -> None:
        self.intake = Intake(journal)
        self._journal = journal
        self._note = note
        self._desk = Desk(site)
        self._watch = Watch(site, lines)
        self._refused = False
        self._restore()

    @property
    def epoch(self) -> str:
        """The journal's identity."""
        return self._journal.epoch

    @property
    def dropped(self) -> int:
        """Records given up before delivery, whether they had reached the disk or not."""
        try:
            return self.intake.dropped + self._journal.dropped
        except JournalError as error:
            self._say("error", "journal", reason=error.text("en"))
            return self.intake.dropped

    @property
    def open_count(self) -> int:
        """Events that have begun and not ended."""
        return self._watch.open_count

    def open_events(self) -> list[Event]:
        """The newest of them."""
        return self._watch.newest_open(OPEN_MOST)

    def backlog(self) -> Backlog:
        """What waits for the utility; a journal that cannot say counts as empty."""
        try:
            return self._journal.backlog(DEST)
        except JournalError as error:
            self._say("error", "journal", reason=error.text("en"))
            return Backlog(0, None)

    # ---- what is entered ----------------------------------------------------------------------

    def started(self, version: str, wall: int) -> None:
        """The gateway has begun."""
        self._report(self._watch.started(version, self._journal.epoch, wall), wall)

    def part(self, part: Part, wall: int) -> None:
        """A line has read something."""
        for one in (part, *self._desk.take(part)):
            self.intake.add(Record(one.kind, wall, encode_part(one)))
        self._report(self._watch.part(part, wall), wall)

    def line(self, line: str, state: str, reason: str, wall: int) -> None:
        """A line's port came, went, or the line has stopped."""
        self._report(self._watch.line(line, state, reason, wall), wall)

    def clock_set(self, by_ms: int) -> None:
        """The wall clock has been set, by that many ms."""
        self._watch.clock_set(by_ms)

    def store(self, now: int, wall: int) -> None:
        """Commit what waits; the beginning and the end of a refusal are events themselves."""
        dropped = self.intake.dropped
        refusal = self.intake.store(now)
        if refusal is not None:
            self._refused = True
            self._say("error", "journal", reason=refusal.text("en"))
            self._report(self._watch.journal(refusal.text("en"), wall), wall)
        elif self._refused and not self.intake.held:
            self._refused = False
            self._report(self._watch.journal("", wall), wall)
            self.intake.store(now)
        if self.intake.dropped > dropped:
            self._say("error", "part_dropped", dropped=self.intake.dropped)

    def prune(self, wall: int) -> None:
        """Bounded work for the journal's limits; `wall` 0 = age is not judged."""
        try:
            pruned = self._journal.prune(wall)
        except JournalError as error:
            self._say("error", "journal", reason=error.text("en"))
            return
        if pruned.undelivered:
            self._say("error", "journal_full", undelivered_dropped=pruned.undelivered)

    def close(self, now: int, wall: int) -> None:
        """The end has come: what the disk does not take now is lost, and said."""
        self.store(now, wall)
        if self.intake.held:
            self.intake.give_up()
            self._say("error", "part_dropped", dropped=self.intake.dropped)

    # ---- inside -------------------------------------------------------------------------------

    def _report(self, events: Sequence[Event], wall: int) -> None:
        """Events for the utility; each is a line in the log too."""
        for event in events:
            self.intake.add(Record("event", wall, encode_event(event)))
            over = event.until is not None
            self._say(
                "info" if over or event.severity == "info" else "warning",
                event.type,
                subject=event.subject,
                place=event.place,
                over=over,
                cause=event.cause,
            )

    def _restore(self) -> None:
        """The day's energy goes on from the newest results the journal holds.

        A part and the result it makes due are two transactions: whoever was killed between them
        left a sweep without its result. Parts newer than their line's newest result are taken
        again, so that it comes after all.
        """
        try:
            newest = self._journal.tail(LOOK_BACK)
        except JournalError as error:
            self._say("error", "journal", reason=error.text("en"))
            return
        unreadable = 0
        done: set[str] = set()
        without: list[tuple[int, Part]] = []
        # of each transformer the newest result that has values counts, whichever entry holds it
        for entry in newest:
            if entry.kind not in ("sweep", "result"):
                continue
            try:
                part = decode_part(entry.body)
            except PayloadError:
                unreadable += 1
                continue
            if part.kind == "result":
                self._desk.restore(part)
                done.add(part.line)
            elif part.line not in done and self._desk.concerns(part):
                without.append((entry.at, part))
        if unreadable:
            self._say("warning", "entries_unreadable", count=unreadable)
        for at, part in reversed(without):
            for result in self._desk.take(part):
                self.intake.add(Record(result.kind, at, encode_part(result)))

    def _say(self, level: str, key: str, **facts: object) -> None:
        self._note(Note(level, key, tuple(facts.items())))
