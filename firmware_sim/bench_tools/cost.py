"""What a process costs, by the kernel's own books in /proc."""

import os
import pathlib

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """User and system time of a process since its start, s; OSError when it is gone."""
    exact = _cpu_of_threads_ns(pid)
    if exact:
        return exact / 1e9
    text = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    # the command's name stands in brackets and may hold anything
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def _cpu_of_threads_ns(pid: int) -> int:
    """The scheduler's own count over the threads that live, ns; 0 where the kernel keeps none."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text(encoding="utf-8").split()[0])
        except (FileNotFoundError, ProcessLookupError):
            # this thread ended while we looked, or the kernel was built without the count
            continue
    return total


def rss_bytes(pid: int) -> int:
    """Memory of a process that is in RAM, bytes; OSError when it is gone."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0
