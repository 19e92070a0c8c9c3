"""A gateway whole, with real threads, ptys and mosquitto, and all that can go wrong around it.

Line b1 has the firmware of `boxgate-sim up` in a process of its own, which goes away and comes
back; one of its meters is dead. Line `station` has a scripted peer that echoes, splits, garbles,
comes late and lets strangers speak.
"""

import json
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from paho.mqtt import publish

from edge.bus.parts import LineState, SweepPart
from edge.journal import Journal
from edge.shells.agent import Agent
from edge.shells.clock import WallClock
from edge.shells.line import LineThread
from edge.shells.mqtt import MqttShell
from edge.site.load import read_site
from edge.site.model import Broker, Port
from edge.uplink.net import Acked, Connected, Lost, Refused
from tests.brokers import Mosquitto
from tests.edge import wire_modbus as modbus
from tests.edge.replay import CORE, Case, Recorder, Recording, make_core, make_master
from tests.edge.shells.peer import Peer, address_of, is_modbus
from tests.edge.site import good
from tests.edge.uplink.gateway import Listener
from tests.edge.wire645 import answer, frame

ROOT = Path(__file__).parents[2]
DEADLINE_S = 60.0
"""For one thing to happen: bounds a hang, and leaves a loaded machine its time."""
RUN_S = 180.0
"""For a run that ends by itself: two sweeps and their delivery take 6 s on an idle machine."""
B1 = tuple(f"37011200000{n}" for n in range(1, 5))
DEAD = B1[2]
STATION = tuple(f"37011200920{n}" for n in range(1, 4))
METERS = "\n".join(
    [
        good.HEADER,
        *(f"{m},household,b1,dlt645,1ph-2013,A,B1-1,B1-1-10{m[-1]},,," for m in B1),
        *(
            f"{m},public,station,dlt645,1ph-2013,C,,,F{n % 2 + 1},,40/5"
            for n, m in enumerate(STATION)
        ),
        "",
    ]
)
SIZES = {"02010100": 2, "02020100": 3, "02030000": 3, "02060000": 2, "00010000": 4}


def write_site(folder: Path) -> Path:
    """Two lines of dl/t 645 meters that give up soon."""
    site = good.SITE.replace("baud = 9600", "baud = 9600\nanswer_ms = 150")
    return good.write(folder, site, METERS)


class Mischief:
    """A script for a Peer: every answer has some other trouble."""

    def __init__(self) -> None:
        self._asked = 0
        self._held = b""

    def __call__(self, request: bytes) -> list[tuple[float, bytes]]:
        """What the line hears after this request."""
        self._asked += 1
        if is_modbus(request):
            return [(0, modbus.answer(request[0], 1, 0, *range(300, 315)))]
        address = address_of(request)
        item = bytes((byte - 0x33) % 256 for byte in request[10:14])[::-1].hex()
        whole = answer(address, item, bytes.fromhex(f"{self._asked:08d}")[: SIZES[item]])
        held, self._held = self._held, b""
        match self._asked % 13:
            case 1:
                return [(0, b"\xfe" * 4 + request), (0.01, whole)]
            case 3:
                return [(0, whole[:9]), (0.02, whole[9:])]
            case 4:
                return [(0, b"\x68\x00\x55\x16" + whole)]
            case 6:
                return [(0, whole[:-2] + bytes((whole[-2] ^ 1,)) + whole[-1:])]
            case 8:
                return [(0, answer("999000000001", item, b"\x11\x11")), (0.02, whole)]
            case 9:
                self._held = whole
                return []
            case 11:
                return (
                    [(0, frame(address, 0xD1, b"\x02"))] if address == STATION[2] else [(0, whole)]
                )
            case _:
                return [(0, held + whole)]


class Firmware:
    """`boxgate-sim up` for line b1."""

    def __init__(self, site: Path, folder: Path) -> None:
        self.path = str(folder / "b1")
        self._command = [
            *(sys.executable, "-m", "firmware_sim.cli.main", "up", str(site), "--line", "b1"),
            *("--dir", str(folder), "--chunk", "8", "--dead", DEAD, "--with-parent"),
        ]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Returns when its meters are there."""
        self._process = subprocess.Popen(self._command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert any(line.strip() == "ready" for line in self._process.stdout)

    def stop(self) -> None:
        """The port goes away."""
        if self._process is not None:
            self._process.terminate()
            self._process.communicate(timeout=DEADLINE_S)
            self._process = None


class ThreadedRun:
    """One agent under record, and the story it is put through."""

    def __init__(self, case: Case, folder: Path, stack: ExitStack) -> None:
        self.recorder = Recorder(case)
        self.place = 0
        self.stack = stack
        self.broker = Mosquitto(folder)
        stack.callback(self.broker.kill)
        # whom the broker can deliver to: without a subscriber it refuses (PUBACK reason 16)
        stack.callback(Listener(self.broker.port).close)
        self.firmware = Firmware(case.site, folder / "dev")
        stack.callback(self.firmware.stop)
        self.firmware.start()
        self.peer = Peer(Mischief())
        stack.callback(self.peer.close)
        self.agent = Agent(
            lambda: _with_close(*make_core(case, folder)),
            WallClock(),
            lambda note: None,
            self.recorder,
        )
        self.agent.open()
        url = f"mqtt://127.0.0.1:{self.broker.port}"
        self.net = MqttShell(Broker(url=url, protocol=case.protocol), self.agent.post)
        ports = {"b1": self.firmware.path, "station": self.peer.path}
        site = read_site(case.site)
        self.lines = {
            name: LineThread(
                site.line(name),
                Port(port=path, parity="N"),
                make_master(case, name),
                self.agent.post,
                record=self.recorder,
            )
            for name, path in ports.items()
        }
        stack.callback(self._over)

    def start(self) -> None:
        """Begin."""
        self.agent.start(self.lines, self.net)

    def head_end(self, output: Path) -> None:
        """A head-end that stores what comes and says so."""
        command = [sys.executable, str(ROOT / "docs" / "headend.py"), "127.0.0.1"]
        process = subprocess.Popen([*command, str(self.broker.port), str(output), "--commit"])
        self.stack.callback(process.wait, DEADLINE_S)
        self.stack.callback(process.terminate)
        # a 3.1.1 broker acknowledges what nobody gets: nothing is sent before somebody listens
        place = {"line": "", "slot": 0, "lane": "live", "kind": "sweep", "epoch": "probe", "seq": 1}
        row = {"meters": ["0"], "t": [0], "q": [0], "columns": {"voltage_a": [1.0]}}
        probe, until = json.dumps(place | row), time.monotonic() + DEADLINE_S
        while not (output.exists() and output.stat().st_size):
            assert time.monotonic() < until, "the head-end does not listen"
            publish.single("boxgate/1/probe/probe/data", probe, qos=1, port=self.broker.port)

    def end(self) -> Recording:
        """The recording, when every thread has ended."""
        assert self.agent.wait(RUN_S)
        assert self._over()
        return self.recorder.recording

    def took(self, kind: type, count: int = 1, **facts: Any) -> None:
        """Until the core has taken `count` more inputs of this kind with these facts."""

        def wanted(component: str, given: Any, _: Any) -> bool:
            return (
                component == CORE
                and isinstance(given, kind)
                and all(getattr(given, name) == value for name, value in facts.items())
            )

        for _ in range(count):
            self.place = self.recorder.until(wanted, self.place, DEADLINE_S)

    def _over(self) -> bool:
        begun = [line for line in self.lines.values() if _begun(line)]
        return sum(line.end(DEADLINE_S) for line in begun) == len(begun)


def _begun(line: LineThread) -> bool:
    return any(thread.name == f"line-{line.line.id}" for thread in threading.enumerate())


def _with_close(core: Any, journal: Journal) -> tuple[Any, Any]:
    return core, journal.close


def troubled_run(case: Case, folder: Path) -> Recording:
    """No broker, a broker, no broker, a broker; a port gone and back; ended by a signal."""
    with ExitStack() as stack:
        run = ThreadedRun(case, folder, stack)
        run.start()
        run.took(Refused)
        run.broker.start()
        run.took(Connected)
        run.took(SweepPart, last=True, line="station")
        run.took(Acked, count=3, reason_code=0)
        run.firmware.stop()
        run.took(LineState, line="b1", state="down")
        run.broker.kill()
        run.took(Lost)
        run.took(SweepPart, last=True)
        run.firmware.start()
        run.took(LineState, line="b1", state="up")
        run.broker.start()
        run.took(Connected)
        run.took(SweepPart, last=True, line="b1")
        run.took(Acked, count=6, reason_code=0)
        run.agent.stop("SIGTERM")
        return run.end()


def counted_run(case: Case, folder: Path) -> Recording:
    """Back to back until the asked-for sweeps are done and the head-end has committed them."""
    with ExitStack() as stack:
        run = ThreadedRun(case, folder, stack)
        run.broker.start()
        run.head_end(folder / "stored.jsonl")
        run.start()
        return run.end()
