"""A broker of one's own on a free loopback port: mosquitto where it is installed, else amqtt."""

import importlib.util
import os
import pathlib
import shutil
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from edge.words import BoxgateError
from firmware_sim.bench_tools.children import Child, Children

PLACES = ("/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/sbin")
"""Where mosquitto stands when it is not on the PATH: Debian keeps it from users."""

START_S = 15.0
TRIES = 3
_LISTENS = "0A"
"""A listening socket's state in /proc/net/tcp."""


@dataclass(frozen=True, slots=True)
class RunningBroker:
    """A broker that takes connections."""

    kind: str
    """"mosquitto" or "amqtt"."""
    port: int
    child: Child
    command: tuple[str, ...]

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def mqtt(self) -> str:
        """The MQTT version to speak with it: amqtt knows only 3.1.1."""
        return "3.1.1" if self.kind == "amqtt" else "auto"


def find_mosquitto() -> str | None:
    """Path of the mosquitto program, None where there is none."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *PLACES))
    return shutil.which("mosquitto", path=path)


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_broker(children: Children, kind: str = "auto", durable: bool = False) -> RunningBroker:
    """Start a broker and wait until it listens.

    `kind` is "auto", "mosquitto" or "amqtt". `durable`: it keeps sessions over its own end, which
    mosquitto alone can. BoxgateError when there is neither or none starts.
    """
    program = find_mosquitto() if kind in ("auto", "mosquitto") else None
    if program is None and (kind == "mosquitto" or importlib.util.find_spec("amqtt") is None):
        raise BoxgateError("broker_none")
    kind = "mosquitto" if program else "amqtt"
    if durable and kind == "amqtt":
        raise BoxgateError("demo_needs_mosquitto")
    for attempt in range(TRIES):
        port = free_port()
        if program:
            config = _mosquitto_config(children.folder, port, durable)
            command: tuple[str, ...] = (program, "-c", str(config))
        else:
            module = "firmware_sim.bench_tools.amqtt_broker"
            command = (sys.executable, "-m", module, str(port))
        child = children.start("broker", *command)
        try:
            child.wait_until(partial(_serves, child, port), START_S)
        except BoxgateError:
            # somebody else may have taken the port in between
            child.stop()
            if attempt == TRIES - 1:
                raise
        else:
            return RunningBroker(kind, port, child, command)
    raise AssertionError("unreachable")


def start_again(children: Children, broker: RunningBroker) -> RunningBroker:
    """The same broker after its end, on the same port; waits until it listens."""
    child = children.start("broker", *broker.command, again=True)
    child.wait_until(partial(_serves, child, broker.port), START_S)
    return replace(broker, child=child)


def listens(port: int) -> bool:
    """Does something take connections there?"""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _serves(child: Child, port: int) -> bool:
    """Does this very child take connections there, and not somebody who was quicker?"""
    return listens(port) and _holds(child.pid, port)


def _holds(pid: int, port: int) -> bool:
    """Whether the listening socket is this process's; True where the kernel does not tell."""
    table = pathlib.Path("/proc/net/tcp")
    if not table.exists():
        return True
    rows = [row.split() for row in table.read_text(encoding="ascii").splitlines()[1:]]
    # local address, state, inode
    here = f"0100007F:{port:04X}"
    inodes = {row[9] for row in rows if row[1] == here and row[3] == _LISTENS}
    sockets = {f"socket:[{inode}]" for inode in inodes}
    with suppress(OSError):
        # it may end, or close one, while we look
        return any(os.readlink(fd) in sockets for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir())
    return False


def _mosquitto_config(folder: pathlib.Path, port: int, durable: bool) -> pathlib.Path:
    lines = [f"listener {port} 127.0.0.1", "allow_anonymous true"]
    if durable:
        # written at every change, so that a kill loses no session
        lines += ["persistence true", f"persistence_location {folder}/"]
        lines += ["autosave_on_changes true", "autosave_interval 1"]
    else:
        lines.append("persistence false")
    if os.geteuid() == 0:
        # changing its user would cut the tie that ends it with its parent
        lines.append("user root")
    path = folder / "mosquitto.conf"
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path
