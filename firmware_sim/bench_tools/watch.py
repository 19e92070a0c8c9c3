"""What has arrived: the head-end's file, followed as it grows."""

import json
import pathlib
from collections.abc import Iterable, Mapping


class Tail:
    """The whole lines that were added to a file since the last look."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._read = 0
        self.lines = 0
        """Lines seen so far."""

    def new(self) -> list[bytes]:
        """Lines completed since the last call; none while there is no file."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._read)
                text = file.read()
        except FileNotFoundError:
            return []
        whole = text[: text.rfind(b"\n") + 1]
        self._read += len(whole)
        found = whole.splitlines()
        self.lines += len(found)
        return found


class Arrived:
    """Readings at the subscriber, counted by device and sweep.

    `due`: device -> its kind. A sweep of a device is whole when it gave as many values as the
    fullest sweep of its kind.
    """

    def __init__(self, path: pathlib.Path, due: Mapping[str, str]) -> None:
        self._tail = Tail(path)
        self._kinds = dict(due)
        self._slots: dict[str, dict[int, int]] = {device: {} for device in due}
        self._size: dict[str, int] = dict.fromkeys(due.values(), 1)
        self.readings = 0
        """Those with a value."""
        self.absent = 0
        """Rows that say that there is no value."""
        self.latest: dict[str, dict[str, float]] = {}
        """Device -> quantity -> newest value."""
        self.newest: dict[str, int] = {}
        """Device -> UTC ms of its newest value."""

    def look(self) -> None:
        """Take in what was added; results are no readings and are passed over."""
        for line in self._tail.new():
            row = json.loads(line)
            device = row["meter"]
            slots = self._slots.get(device)
            if slots is None or row.get("kind") == "result":
                continue
            if row["value"] is None:
                self.absent += 1
                continue
            self.readings += 1
            if row["t"] >= self.newest.get(device, 0):
                # what had waited in the journal may come after what is newer
                self.newest[device] = row["t"]
                self.latest.setdefault(device, {})[row["quantity"]] = row["value"]
            count = slots[row["slot"]] = slots.get(row["slot"], 0) + 1
            kind = self._kinds[device]
            self._size[kind] = max(self._size[kind], count)

    def whole(self, device: str) -> int:
        """Whole sweeps of a device so far."""
        size = self._size[self._kinds[device]]
        return sum(count >= size for count in self._slots[device].values())

    def count(self, devices: Iterable[str], sweeps: int = 1) -> int:
        """Those of the devices of which that many whole sweeps have arrived."""
        return sum(self.whole(device) >= sweeps for device in devices)

    def meters(self, sweeps: int = 1) -> int:
        """The same of all that is due."""
        return self.count(self._slots, sweeps)
