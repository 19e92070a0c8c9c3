"""The truth file: every register a meter or TMU has answered, as it went over the wire.

One JSON object a line: `t` (wall ms UTC when the answer's last byte left), `line`, `meter`, `item`,
`raw`. A meter's item is the identifier, DI3 first, its raw the data behind the identifier, before
+33H, in wire order. A TMU's item is "04:0000:0011", function, start and count of the request in
hex, its raw what stands behind the byte count. A line is one write to the file, made before the
answer is handed to the master: what has been read is in the file, even if the bench is killed in
the next instant.
"""

import json
import os
from pathlib import Path

from edge.words.messages import BoxgateError
from firmware_sim.segment import single_frame

ANSWER_TO_READ = 0x91
IDENTIFIER = 4
REGISTER_READS = (0x03, 0x04)
CRC_POLYNOMIAL = 0xA001


def crc16(data: bytes) -> int:
    """CRC-16 of Modbus, bit by bit: the bench's own, neither the firmware's nor the agent's."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (CRC_POLYNOMIAL if crc & 1 else 0)
    return crc


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
        item = frame.data[:IDENTIFIER][::-1].hex().upper()
        self._write(t_ms, line, frame.meter, item, frame.data[IDENTIFIER:])

    def note_registers(
        self, line: str, device: str, asked: bytes | bytearray, burst: bytes, t_ms: int
    ) -> None:
        """Write down the burst if it is a TMU's whole answer to a read of registers.

        `asked`: function, start and count of the request, as on the line.
        """
        if len(burst) < 5 or burst[1] not in REGISTER_READS or burst[1] != asked[0]:
            return
        count = int.from_bytes(asked[3:5], "big")
        whole = len(burst) == 5 + 2 * count and burst[2] == 2 * count
        if not whole or crc16(burst):
            return
        item = f"{asked[0]:02X}:{asked[1:3].hex().upper()}:{asked[3:5].hex().upper()}"
        self._write(t_ms, line, device, item, burst[3:-2])

    def _write(self, t_ms: int, line: str, device: str, item: str, raw: bytes) -> None:
        record = {"t": t_ms, "line": line, "meter": device, "item": item, "raw": raw.hex().upper()}
        try:
            os.write(self._file, json.dumps(record, separators=(",", ":")).encode() + b"\n")
        except OSError as error:
            raise BoxgateError("sim_truth_write", path=self.path, cause=error.strerror) from error

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
