"""A disk of a given size that can be filled up: a tmpfs in a mount namespace, without root.

Where a user may not make namespaces, the agent's files are kept from growing instead
(RLIMIT_FSIZE), which SQLite takes for a full disk just as well; a warning says so.
"""

import os
import resource
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

SIZE = "2m"
START_S = 10.0


class Disk(Protocol):
    """Where the agent's state stands."""

    way: str
    """How it is made small, for the record."""
    within: tuple[str, ...]
    """What stands before a command line that is to see it."""

    def fill(self, agent: subprocess.Popen[bytes]) -> None:
        """From now on it takes nothing more."""

    def make_room(self, agent: subprocess.Popen[bytes]) -> None:
        """It takes what it took before."""

    def bring_out(self) -> None:
        """Copy the files of an agent that has ended to where everybody can see them."""


class Tmpfs:
    """A tmpfs over the folder, seen by `within` alone, alive as long as its keeper."""

    def __init__(self, folder: Path, keeper: subprocess.Popen[bytes]) -> None:
        self.way = f"tmpfs of {SIZE}"
        self._folder = folder
        pid = str(keeper.pid)
        self.within: tuple[str, ...] = ("nsenter", "--preserve-credentials", "-U", "-m", "-t", pid)
        self._inside = Path(f"/proc/{pid}/root{folder}")

    def fill(self, agent: subprocess.Popen[bytes]) -> None:
        """A file takes every byte that is left."""
        with (self._inside / "filler").open("wb", buffering=0) as filler:
            for size in (65536, 4096, 1):
                self._pour(filler.fileno(), bytes(size))
        assert os.statvfs(self._inside).f_bavail == 0

    @staticmethod
    def _pour(file: int, block: bytes) -> None:
        for _ in range(4096):
            try:
                os.write(file, block)
            except OSError:
                return
        raise AssertionError("a disk that never gets full")

    def make_room(self, agent: subprocess.Popen[bytes]) -> None:
        """The file goes."""
        (self._inside / "filler").unlink()

    def bring_out(self) -> None:
        """As they are, the write-ahead log too."""
        for file in self._inside.iterdir():
            shutil.copyfile(file, self._folder / file.name)


class Limit:
    """No file of the agent may grow beyond what its write-ahead log has when it is filled."""

    def __init__(self, folder: Path) -> None:
        self.way = "RLIMIT_FSIZE"
        self.within: tuple[str, ...] = ()
        self._wal = folder / "journal.db-wal"
        self._before = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)

    def fill(self, agent: subprocess.Popen[bytes]) -> None:
        """The agent's own small log still has room."""
        self._before = resource.prlimit(agent.pid, resource.RLIMIT_FSIZE)
        size = self._wal.stat().st_size
        resource.prlimit(agent.pid, resource.RLIMIT_FSIZE, (size, self._before[1]))

    def make_room(self, agent: subprocess.Popen[bytes]) -> None:
        """As before."""
        resource.prlimit(agent.pid, resource.RLIMIT_FSIZE, self._before)

    def bring_out(self) -> None:
        """They are there."""


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """The folder as a small disk for whoever runs `within`."""
    folder.mkdir()
    with ExitStack() as stack:
        disk = _tmpfs(stack, folder)
        if disk is None:
            warnings.warn("no mount namespace here: RLIMIT_FSIZE stands for the disk", stacklevel=3)
            yield Limit(folder)
        else:
            yield disk


def _tmpfs(stack: ExitStack, folder: Path) -> Tmpfs | None:
    """None where this user may not have one, or the tools are missing (util-linux)."""
    if shutil.which("unshare") is None or shutil.which("nsenter") is None:
        return None
    script = f'mount -t tmpfs -o size={SIZE} none "$0" && echo mounted && exec cat'
    keeper = subprocess.Popen(
        ["unshare", "-rm", "sh", "-c", script, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    stack.callback(keeper.communicate, timeout=START_S)
    stack.callback(keeper.kill)
    assert keeper.stdout is not None
    # one line, or the end of an unshare that was refused: never nothing
    if keeper.stdout.readline() != b"mounted\n":
        return None
    disk = Tmpfs(folder, keeper)
    entered = subprocess.run([*disk.within, "true"], timeout=START_S, check=False)
    return disk if entered.returncode == 0 else None
