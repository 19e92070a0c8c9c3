"""Modbus units back to back at 9600 and 115200 baud: how full the line is, how long it is silent.

The agent's own line thread reads the TMU firmware of the emulator (a process of its own) over a
pty. The computed limit of an exchange is request + Td + answer + t3.5, 11 bits a character; t3.5 is
3.5 characters, above 19200 baud 1.75 ms (Modbus over serial line V1.02 §2.5.1.1). What is reached
is that limit over the time between the first and the last request. Silence is counted from the
instant the answer's last character ended on the wire to the instant before the next request was
written: never longer than it was.

While a request is due the emulator naps in select, NAP_S at a time: from so light a sleep it is
back soon. It must not spin: the kernel hands a pty's bytes over on the writer's CPU, where a
spinner holds up its own answers until the next tick, 4 ms. How late pty and emulator are all the
same shows a floor: a bare loop of select, read and write, which knows the answer's length, asks
the same over the same pty and spins to the end of t3.5. No master can do better here than that.
Run: `python -m bench.modbus_line` (a minute), `--baud` for one speed.
"""

import argparse
import json
import pathlib
import queue
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import msgspec

from bench.figures import Figure, table
from edge.bus.master import LineMaster
from edge.bus.parts import RowEnd, SweepPart
from edge.plan.build import asked
from edge.plan.sweep import Sweep
from edge.shells.line import LineThread
from edge.shells.port import SerialPort
from edge.site.load import read_site
from edge.site.model import Line, Port, Site
from firmware_sim.bench_tools.children import ROOT, environment
from firmware_sim.bridge.bench import AWAKE_NS, Bench, Options
from firmware_sim.bridge.line import LineUp
from protocol.exchange import Request

BAUDS = (9600, 115200)
SITE = ROOT / "examples" / "xiyuan-5"
LINE = "units"
UTILISATION = 99.5
"""Goal, percent of the computed limit."""
BITS = 11
REQUEST_BYTES = 8
DELAY_MS = 20
"""Td of the units."""
EXCHANGES = 200
WARM = 40
"""Exchanges left out at the start: the master learns its units' timing."""
SOON_NS = 20_000_000
"""How long after an answer the emulator naps only, for the next request."""
NAP_S = 0.000_3
SPIN_NS = 500_000
"""The bare loop's last stretch of a silence, without sleep."""
TURN_S = 0.05
DEADLINE_S = 60.0


@dataclass(frozen=True, slots=True)
class ModbusRun:
    """What one speed gave."""

    baud: int
    exchanges: int
    utilisation: float
    """0..1 of the computed limit."""
    told_utilisation: float
    floor: float
    """0..1 of the computed limit: what a bare loop reaches over the same pty."""
    least_silence: float
    """Before any request, characters."""
    allowed_silence: float
    """t3.5, characters."""
    failed: int
    """Units' rows that did not come whole."""


def gap_ns(baud: int) -> float:
    """t3.5, ns."""
    return 1_750_000 if baud > 19200 else 3.5 * char_ns(baud)


def char_ns(baud: int) -> float:
    """One character, ns."""
    return BITS * 1e9 / baud


def the_line(baud: int) -> tuple[Site, Line]:
    """The example's monitoring units alone on a line of this speed."""
    site = read_site(SITE)
    line = Line(id=LINE, baud=baud)
    units = tuple(msgspec.structs.replace(unit, line=LINE) for unit in site.tmus)
    return msgspec.structs.replace(site, lines=(*site.lines, line), tmus=units), line


# ---- the emulator, a process of its own -------------------------------------------------------


def emulate(folder: pathlib.Path, baud: int) -> None:
    """Play the units until SIGTERM; then the end of every answer goes to FOLDER/ends.json."""
    stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stop.append(number))
    site, _ = the_line(baud)
    bench = Bench(site, (LINE,), folder, Options(delay_ms=DELAY_MS))
    try:
        print("ready", flush=True)
        ends = list(_serve(bench, bench.lines[0], stop))
    finally:
        bench.close()
    (folder / "ends.json").write_text(json.dumps(ends), encoding="ascii")


def _serve(bench: Bench, up: LineUp, stop: list[int]) -> Iterator[int]:
    """The bench's loop for one line; gives the end of each answer when it has been handed over."""
    segment, pty, clock = up.segment, up.pty, bench.clock
    assert pty is not None
    told = due = 0
    while not stop:
        now = time.monotonic_ns()
        clock.run_until(now)
        end = segment.answer_end
        if end != told and end <= now:
            told, due = end, now + SOON_NS
            yield end
        until = min(clock.next_at(), now + int(TURN_S * 1e9))
        sleep = NAP_S if now < due else max(until - AWAKE_NS - time.monotonic_ns(), 0) / 1e9
        if select.select((pty.fd,), (), (), sleep)[0]:
            due, now = 0, time.monotonic_ns()
            if data := pty.read():
                segment.from_master(data, now)


# ---- the agent's side -------------------------------------------------------------------------


@dataclass(slots=True)
class _Seen:
    """What the line thread did."""

    requests: list[int]
    """When each was written, ns."""
    unheard: set[int] = field(default_factory=set)
    """Those written after a wait in which nothing came: the units had stood still."""
    heard: bool = True
    """Whether anything came since the last."""
    failed: int = 0
    minimal: int = 0
    taken: int = 0


def measure(bauds: Iterable[int] = BAUDS, exchanges: int = EXCHANGES) -> list[ModbusRun]:
    """One run at each speed."""
    return [_measure(baud, exchanges) for baud in bauds]


def _measure(baud: int, exchanges: int) -> ModbusRun:
    site, line = the_line(baud)
    work = asked(site, line)
    (size,) = {one.start().answer_bytes for each in work for one in each.exchanges}
    with tempfile.TemporaryDirectory(prefix="boxgate-bench-") as name:
        folder = pathlib.Path(name)
        with _emulator(folder, baud):
            seen = _read(line, Sweep(line.id, work, repeat=True), folder / LINE, exchanges)
        ends = json.loads((folder / "ends.json").read_text(encoding="ascii"))
        with _emulator(folder, baud):
            asked_bare = _bare(
                line,
                [one.start() for each in work for one in each.exchanges],
                folder / LINE,
                exchanges,
            )
    requests = seen.requests[WARM:]
    own = (REQUEST_BYTES + size) * char_ns(baud) + DELAY_MS * 1e6
    limit = own + gap_ns(baud)
    return ModbusRun(
        baud=baud,
        exchanges=len(requests),
        utilisation=_share(limit, requests),
        told_utilisation=seen.minimal / max(seen.taken, 1),
        floor=_share(limit, asked_bare),
        least_silence=min(silences(seen.requests, ends, own, seen.unheard)) / char_ns(baud),
        allowed_silence=gap_ns(baud) / char_ns(baud),
        failed=seen.failed,
    )


def _share(limit: float, requests: Sequence[int]) -> float:
    """Computed limit of all exchanges but the last over the time they took."""
    return limit * (len(requests) - 1) / (requests[-1] - requests[0])


def silences(
    requests: list[int], ends: list[int], own: float, unheard: Collection[int] = ()
) -> Iterator[int]:
    """Of every request but the first, how long after the end of the answer before it, ns.

    Below zero for one that was written into an answer. `own`: how long after a request its own
    answer ends; one that nothing was answered to before has none to keep a distance from. Requests
    of `unheard` and those behind them count for nothing: an emulator that stood still, as on a
    machine that is loaded, answers too late, into whatever is on the line then.
    """
    times = iter(ends)
    end = next(times, None)
    for before, request in pairwise(requests):
        while end is not None and end < before:
            end = next(times, None)
        if before in unheard or request in unheard:
            continue
        if end is not None and end - request < 0.9 * own:
            yield request - end


def _read(line: Line, sweep: Sweep, port: pathlib.Path, exchanges: int) -> _Seen:
    """Sweep after sweep by a line thread as the agent has it, until so many are counted."""
    inbox: queue.Queue[Any] = queue.Queue(1000)
    seen = _Seen([])

    def record(component: str, now: int, given: Any, step: Any) -> None:
        seen.heard = seen.heard or bool(given[0])
        if step.write:
            seen.requests.append(now)
            if not seen.heard:
                seen.unheard.add(now)
            seen.heard = False

    thread = LineThread(
        line,
        Port(port=str(port), parity="N"),
        LineMaster(line, [sweep]),
        lambda item, wait: inbox.put(item, timeout=wait),
        record=record,
    )
    thread.start()
    until = time.monotonic() + DEADLINE_S
    try:
        while len(seen.requests) < WARM + exchanges:
            if time.monotonic() > until:
                raise SystemExit(f"{len(seen.requests)} exchanges in {DEADLINE_S:.0f} s")
            _take(seen, inbox)
    finally:
        if not thread.end(DEADLINE_S):
            raise SystemExit("the line thread does not end")
    return seen


def _bare(line: Line, asked: Sequence[Request], path: pathlib.Path, exchanges: int) -> list[int]:
    """When a loop that does nothing else wrote each request, ns."""
    port, gap, requests = SerialPort(line, Port(port=str(path), parity="N")), gap_ns(line.baud), []
    try:
        for place in range(exchanges):
            request = asked[place % len(asked)]
            requests.append(time.monotonic_ns())
            port.write(request.data)
            left = request.answer_bytes
            while left > 0:
                if not select.select((port.fd,), (), (), DEADLINE_S)[0]:
                    raise SystemExit(f"no answer to request {place + 1} of the bare loop")
                left -= len(port.read())
            until = time.monotonic_ns() + gap
            while time.monotonic_ns() < until:
                select.select((), (), (), max(until - SPIN_NS - time.monotonic_ns(), 0) / 1e9)
    finally:
        port.close()
    return requests


def _take(seen: _Seen, inbox: queue.Queue[Any]) -> None:
    try:
        item = inbox.get(timeout=TURN_S)
    except queue.Empty:
        return
    if isinstance(item, SweepPart):
        seen.failed += sum(row.end is not RowEnd.WHOLE for row in item.rows)
        seen.minimal += item.minimal
        seen.taken += item.ended - item.started


@contextmanager
def _emulator(folder: pathlib.Path, baud: int) -> Iterator[None]:
    child = subprocess.Popen(
        [sys.executable, "-m", "bench.modbus_line", "--emulate", str(folder), "--baud", str(baud)],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        if child.stdout.readline() != "ready\n":
            raise SystemExit("the emulator did not come up")
        yield
    finally:
        child.terminate()
        child.communicate(timeout=DEADLINE_S)


def figures(runs: Iterable[ModbusRun]) -> list[Figure]:
    """The runs against their goals."""
    found = []
    for run in runs:
        failed = f", {run.failed} rows failed" if run.failed else ""
        found += [
            Figure(
                f"Modbus line at {run.baud} baud, of its computed limit",
                100 * run.utilisation,
                UTILISATION,
                unit="%",
                note=f"{run.exchanges} exchanges{failed}; "
                f"master says {100 * run.told_utilisation:.2f} %; "
                f"floor of pty and emulator {100 * run.floor:.2f} %",
            ),
            Figure(
                f"Modbus line at {run.baud} baud, least silence before a request",
                run.least_silence,
                run.allowed_silence,
                unit="char",
                note="t3.5" if run.allowed_silence == 3.5 else "t3.5 fixed at 1.75 ms",
            ),
        ]
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.modbus_line", description=__doc__)
    parser.add_argument("--baud", type=int, choices=BAUDS, help="one speed only")
    parser.add_argument("--exchanges", type=int, default=EXCHANGES, help="counted at each speed")
    parser.add_argument("--emulate", type=pathlib.Path, metavar="DIR", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.emulate is not None:
        emulate(args.emulate, args.baud)
        return 0
    print(table(figures(measure(BAUDS if args.baud is None else (args.baud,), args.exchanges))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
