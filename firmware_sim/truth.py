"""The truth file: every register a meter or TMU has answered, as it went over the wire.

One JSON object a line: `t` (wall ms UTC when the answer's last byte left), `line`, `meter`, `item`,
`raw`. The item of a DL/T 645 meter is the identifier, DI3 first, its raw the data behind the
identifier, before +33H, in wire order. A DL/T 698.45 answer to GET has a line an object: item
"698:20000201", raw the object's datum in A-XDR, or "" and the reason in `dar`; of a record the raw
is its rows, count first, and `columns` its RCSD. A TMU's item is "04:0000:0011", function, start
and count of the request in hex, its raw what stands behind the byte count; of a Modbus meter the
item has its register map before that, "sdm630:04:0000:004C". All lines of an answer are one write
to the file, made before the answer is handed to the master: what has been read is in
the file, even if the bench is killed in the next instant.
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from edge.words.messages import BoxgateError
from firmware_sim.frames import crc16, link_frame, single_frame
from firmware_sim.truth698 import Fragments, records, told

ANSWER_TO_READ = 0x91
IDENTIFIER = 4
REGISTER_READS = (0x03, 0x04)


class TruthFile:
    """An open truth file; lines of earlier runs are kept."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fragments = Fragments()
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError as error:
            raise BoxgateError("sim_truth_write", path=path, cause=error.strerror) from error

    def note(self, line: str, burst: bytes, t_ms: int) -> None:
        """Write down the burst if it is a whole answer to a read."""
        if frame := single_frame(burst):
            if frame.control == ANSWER_TO_READ and len(frame.data) >= IDENTIFIER:
                item = frame.data[:IDENTIFIER][::-1].hex().upper()
                self._write(t_ms, line, frame.meter, [_record(item, frame.data[IDENTIFIER:])])
        elif link := link_frame(burst):
            apdu = self._fragments.whole(line, link)
            if apdu is not None and (found := told(apdu)):
                self._write(t_ms, line, link.meter, records(found))

    def note_registers(
        self,
        line: str,
        device: str,
        asked: bytes | bytearray,
        burst: bytes,
        t_ms: int,
        map_name: str = "",
    ) -> None:
        """Write down the burst if it is a unit's whole answer to a read of registers.

        `asked`: function, start and count of the request, as on the line; `map_name`: a meter's
        register map, "" of a TMU.
        """
        if len(burst) < 5 or burst[1] not in REGISTER_READS or burst[1] != asked[0]:
            return
        count = int.from_bytes(asked[3:5], "big")
        whole = len(burst) == 5 + 2 * count and burst[2] == 2 * count
        if not whole or crc16(burst):
            return
        item = f"{asked[0]:02X}:{asked[1:3].hex().upper()}:{asked[3:5].hex().upper()}"
        named = f"{map_name}:{item}" if map_name else item
        self._write(t_ms, line, device, [_record(named, burst[3:-2])])

    def _write(
        self, t_ms: int, line: str, device: str, answers: Iterable[Mapping[str, object]]
    ) -> None:
        place = {"t": t_ms, "line": line, "meter": device}
        text = "".join(
            json.dumps({**place, **answer}, separators=(",", ":")) + "\n" for answer in answers
        )
        rest = text.encode()
        try:
            while rest:
                # a disk that is nearly full takes a part, and says so only of what comes behind it
                rest = rest[os.write(self._file, rest) :]
        except OSError as error:
            raise BoxgateError("sim_truth_write", path=self.path, cause=error.strerror) from error

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def _record(item: str, raw: bytes) -> dict[str, object]:
    return {"item": item, "raw": raw.hex().upper()}
