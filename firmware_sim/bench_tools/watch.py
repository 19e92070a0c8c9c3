"""What has arrived: the head-end's file, followed as it grows, and the gateway's own state."""

import json
import pathlib
from collections.abc import Iterable
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion


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
    """Readings at the subscriber, counted by meter and sweep."""

    def __init__(self, path: pathlib.Path, due: Iterable[str]) -> None:
        self._tail = Tail(path)
        self._slots: dict[str, dict[int, int]] = {meter: {} for meter in due}
        self._size = 1
        self.readings = 0
        self.latest: dict[str, dict[str, float]] = {}
        """Meter -> quantity -> newest value."""

    def look(self) -> None:
        """Take in what was added."""
        for line in self._tail.new():
            row = json.loads(line)
            slots = self._slots.get(row["meter"])
            if slots is None or row["value"] is None:
                continue
            self.readings += 1
            self.latest.setdefault(row["meter"], {})[row["quantity"]] = row["value"]
            count = slots[row["slot"]] = slots.get(row["slot"], 0) + 1
            self._size = max(self._size, count)

    def meters(self, sweeps: int = 1) -> int:
        """Meters of which that many whole sweeps have arrived; whole = as much as the fullest."""
        whole = self._size
        return sum(
            sum(count >= whole for count in slots.values()) >= sweeps
            for slots in self._slots.values()
        )


class StateWatch:
    """The newest retained state of any gateway at a broker; a client of its own thread."""

    def __init__(self, port: int) -> None:
        self._state: dict[str, Any] = {}
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
        self._client.on_connect = lambda client, *_: client.subscribe("boxgate/1/+/+/state", 1)
        self._client.on_message = self._take
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()

    def _take(self, client: mqtt.Client, given: object, message: mqtt.MQTTMessage) -> None:
        try:
            state = json.loads(message.payload)
        except ValueError:
            return
        # one that is leaving no longer tells how its lines did
        if isinstance(state, dict) and state.get("status") == "online":
            self._state = state

    def line(self, line: str) -> dict[str, Any]:
        """What the state says of a line (sweep_ms, utilisation, …); empty before it does."""
        lines = self._state.get("lines")
        found = lines.get(line) if isinstance(lines, dict) else None
        return found if isinstance(found, dict) else {}

    def close(self) -> None:
        """Leave the broker."""
        self._client.disconnect()
        self._client.loop_stop()
