"""The truth file: every register a meter has answered, as it went over the wire.

One JSON object a line: `t` (wall ms UTC when the answer's last byte left), `line`, `meter`, `item`
(the identifier, DI3 first), `raw` (the data behind the identifier, before +33H, in wire order). A
line is one write to the file, made before the answer is handed to the master: what has been read is
in the file, even if the bench is killed in the next instant.
"""

import json
import os
from pathlib import Path

from edge.words.messages import BoxgateError
from firmware_sim.segment import single_frame

ANSWER_TO_READ = 0x91
IDENTIFIER = 4


class TruthFile:
    """An open truth file; lines of earlier runs are kept."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError as error:
            raise BoxgateError("sim_truth_write", path=path, cause=error.strerror) from error

    def note(self, line: str, burst: bytes, t_ms: int) -> None:
        """Write down the burst if it is a whole answer to a read."""
        frame = single_frame(burst)
        if frame is None or frame.control != ANSWER_TO_READ or len(frame.data) < IDENTIFIER:
            return
        record = {
            "t": t_ms,
            "line": line,
            "meter": frame.meter,
            "item": frame.data[:IDENTIFIER][::-1].hex().upper(),
            "raw": frame.data[IDENTIFIER:].hex().upper(),
        }
        try:
            os.write(self._file, json.dumps(record, separators=(",", ":")).encode() + b"\n")
        except OSError as error:
            raise BoxgateError("sim_truth_write", path=self.path, cause=error.strerror) from error

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
