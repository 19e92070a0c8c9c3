"""Real brokers for tests: mosquitto as a process, amqtt in a thread, on a free loopback port."""

import asyncio
import os
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

START_S = 10.0


def mosquitto_path() -> str:
    """Where mosquitto is; skips the test if nowhere, fails it where BOXGATE_CI=1."""
    path = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if path is None:
        if os.environ.get("BOXGATE_CI") == "1":
            pytest.fail("mosquitto is not installed, and BOXGATE_CI=1 requires it")
        pytest.skip("MOSQUITTO IS NOT INSTALLED: the uplink is not tested against a real broker")
    return path


def free_port() -> int:
    """A loopback port nobody uses at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Mosquitto:
    """One mosquitto, to be started and ended at will on the same port.

    It keeps nothing on disk, or with `persistent` its sessions, written down at every change.
    """

    def __init__(
        self, folder: Path, extra: str = "allow_anonymous true", persistent: bool = False
    ) -> None:
        self.path = mosquitto_path()
        self.port = free_port()
        self.config = folder / "mosquitto.conf"
        kept = ["persistence false"]
        if persistent:
            kept = ["persistence true", f"persistence_location {folder}/"]
            kept += ["autosave_on_changes true", "autosave_interval 1"]
            # a broker started by root would give itself up to a user that cannot write there
            kept += ["user root"] if os.geteuid() == 0 else []
        lines = [f"listener {self.port} 127.0.0.1", *kept, "log_dest none", extra]
        self.config.write_text("".join(f"{line}\n" for line in lines))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it accepts connections."""
        self.process = subprocess.Popen([self.path, "-c", str(self.config)])
        until = time.monotonic() + START_S
        while not self._accepts():
            assert time.monotonic() < until, "mosquitto does not accept connections"
            try:
                code = self.process.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError(f"mosquitto ended with {code}")

    def kill(self) -> None:
        """Like a power cut."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def _accepts(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True


class Amqtt:
    """amqtt in a thread of its own: MQTT 3.1.1 only."""

    def __init__(self) -> None:
        self.port = free_port()
        self._loop = asyncio.new_event_loop()
        self._broker: Any = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        """Returns when it accepts connections."""
        self._thread.start()
        self._run(self._open())

    def stop(self) -> None:
        """Ends broker and thread."""
        self._run(self._broker.shutdown())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_S)
        self._loop.close()

    async def _open(self) -> None:
        from amqtt.broker import Broker

        anonymous = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
        listener = {"type": "tcp", "bind": f"127.0.0.1:{self.port}"}
        self._broker = Broker({"listeners": {"default": listener}, "plugins": anonymous})
        await self._broker.start()

    def _run(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(START_S)
