"""A run in figures, for a person: rows of a label and a value; and what speaks against it."""

from dataclasses import dataclass

from edge.words import say
from firmware_sim.bench_tools.accepted import Account
from firmware_sim.bench_tools.loading import Loaded
from firmware_sim.bench_tools.rig import Cost, Rig, tool
from firmware_sim.bench_tools.verdict import Verdict

Row = tuple[str, str]

NONE = "–"
"""A figure that there is none of."""


@dataclass(frozen=True, slots=True)
class Run:
    """All that a run that has ended left to tell."""

    sweeps: int
    """Whole sweeps due of every device, 0 = what arrived is judged and no more."""
    warm: Cost | None
    """The agent's cost when it had begun to read."""
    end: Cost
    account: Account
    verdict: Verdict
    loaded: list[Loaded]
    unnamed: list[str]
    """What was missing without an event at the broker that names it."""
    cut_off: frozenset[str] = frozenset()
    """Lines whose newest sweep the failure reached into."""


def rows(bench: Rig, run: Run) -> list[Row]:
    """The whole summary."""
    devices, arrived, account = bench.devices, bench.arrived, run.account
    due = max(1, run.sweeps)
    # the judge counts "none at the meter, none arrived" as equal; a reading has a value
    absent = max(0, arrived.absent - run.verdict.missing)
    return [
        (say("demo_row_meters"), _whole(bench, devices.households, due)),
        (say("demo_row_station"), _whole(bench, devices.station, due)),
        (say("demo_row_readings"), str(arrived.readings)),
        (say("demo_row_equal"), f"{run.verdict.equal - absent} / {run.verdict.different}"),
        *([(say("demo_row_absent"), str(absent))] if absent else []),
        (
            say("demo_row_accepted"),
            f"{account.accepted} / {account.arrived} / {account.waiting} / {account.lost}",
        ),
        *((say("demo_row_line", line=line), _line(bench, run, line)) for line in bench.lines),
        *((say("demo_row_loading", place=one.place), _loading(one)) for one in run.loaded),
        *_checked(run.loaded),
        (say("demo_row_cpu"), _cpu(run)),
        (say("demo_row_rss"), f"{run.end.rss_bytes / 1e6:.0f} MB"),
        (say("demo_row_kernels"), _kernels()),
        (say("demo_row_broker"), bench.broker.kind),
    ]


def complaint(run: Run) -> str:
    """What speaks against the run, in one sentence; "" = nothing."""
    if run.verdict.reason and (run.sweeps or not run.verdict.honest):
        return run.verdict.reason
    if run.account.lost:
        return say("demo_lost", count=run.account.lost, first=run.account.first_lost)
    if run.unnamed:
        return say("demo_unnamed", names=", ".join(run.unnamed))
    for one in run.loaded:
        if one.wrong:
            return say(
                "demo_loading_wrong",
                place=one.place,
                wrong=one.wrong,
                compared=one.compared,
                worst=f"{one.worst:.3f}",
            )
        if not one.compared:
            return say("demo_loading_none", place=one.place)
    return ""


def _whole(bench: Rig, devices: tuple[str, ...], sweeps: int) -> str:
    return f"{bench.arrived.count(devices, sweeps)}/{len(devices)}"


def _line(bench: Rig, run: Run, line: str) -> str:
    health = bench.state.line(line)
    used, took = health.get("utilisation"), health.get("sweep_ms")
    if not took:
        return NONE
    figures = f"{took / 1000:.1f} s, {100 * (used or 0.0):.1f} %"
    return say("demo_cut_off", figures=figures) if line in run.cut_off else figures


def _loading(one: Loaded) -> str:
    if one.loading is None:
        return NONE
    power = NONE if one.power_w is None else f"{one.power_w / 1000:.1f} kW"
    return f"{one.loading:.1f} %, {power}"


def _checked(loaded: list[Loaded]) -> list[Row]:
    if not loaded:
        return []
    compared, wrong = sum(one.compared for one in loaded), sum(one.wrong for one in loaded)
    return [(say("demo_row_checked"), f"{compared} / {wrong}")]


def _cpu(run: Run) -> str:
    exchanges = run.end.exchanges - (run.warm.exchanges if run.warm else 0)
    cpu = run.end.cpu_s - (run.warm.cpu_s if run.warm else 0.0)
    return f"{1000 * cpu / exchanges:.2f} ms" if exchanges > 0 else NONE


def _kernels() -> str:
    _, version = tool("edge.cli.main", "--version")
    return alike(version.partition("kernels: ")[2].partition(";")[0]) or version


def alike(told: str) -> str:
    """ "a compiled, b compiled" as "compiled (a, b)", which fits a narrow terminal."""
    ways: dict[str, list[str]] = {}
    for name, _, way in (one.strip().partition(" ") for one in told.split(",")):
        ways.setdefault(way, []).append(name)
    return ", ".join(f"{way} ({', '.join(names)})" for way, names in ways.items() if way)
