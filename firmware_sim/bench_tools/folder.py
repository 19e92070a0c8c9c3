"""Where a run keeps its files: a temporary folder that goes with it, or one the caller wants kept.

The folder's name holds the process id of its run: whoever comes next removes those of runs that
were killed before they could.
"""

import fcntl
import os
import pathlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from edge.words import BoxgateError

PREFIX = "boxgate-demo-"
OF_EARLIER_RUNS = (
    *("truth.jsonl", "readings.jsonl", "ports.toml", "mosquitto.db"),
    *("state/journal.db", "state/journal.db-wal", "state/journal.db-shm"),
)
"""Files that are added to: those of an earlier run must not be counted as this one's."""


@contextmanager
def folder_of_run(keep: pathlib.Path | None) -> Iterator[pathlib.Path]:
    """A folder for the files of one run; gone afterwards unless `keep` names one."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        with _alone(keep):
            for old in OF_EARLIER_RUNS:
                (keep / old).unlink(missing_ok=True)
            yield keep.resolve()
        return
    remove_orphans()
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _alone(folder: pathlib.Path) -> Iterator[None]:
    """The folder to ourselves; the kernel forgets it with the process, however that ends."""
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BoxgateError("demo_keep_used", path=folder) from error
    else:
        yield
    finally:
        os.close(held)


def remove_orphans() -> None:
    """Remove the folders of runs that were killed before they could."""
    for folder in pathlib.Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        pid = folder.name.removeprefix(PREFIX).split("-")[0]
        if not pid.isdigit():
            continue
        with suppress(OSError):
            if folder.stat().st_uid == os.geteuid() and not _lives(int(pid)):
                shutil.rmtree(folder, ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
