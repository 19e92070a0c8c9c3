"""What a process costs, by the kernel's own books in /proc."""

import os
import pathlib

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """User and system time of a process since its start, s; OSError when it is gone."""
    text = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    # the command's name stands in brackets and may hold anything
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def rss_bytes(pid: int) -> int:
    """Memory of a process that is in RAM, bytes; OSError when it is gone."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0
