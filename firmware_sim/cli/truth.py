"""`boxgate-sim truth`: compare readings that arrived with what the meters answered."""

import argparse
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from edge.words.messages import padded, say
from firmware_sim.cli.numbers import Within
from firmware_sim.judge import SHOWN, Report, judge, load_readings, load_truth
from firmware_sim.truth_table import ONE, Ratio


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("truth", metavar="TRUTH", type=Path, help="file that `up --truth` wrote")
    parser.add_argument(
        "readings", metavar="READINGS", type=Path, help="what a head-end received, JSON lines"
    )
    parser.add_argument("--site", metavar="SITE", type=Path, help="all meters of this site are due")
    parser.add_argument("--line", metavar="ID", help="only this line")
    parser.add_argument(
        "--sweeps",
        type=Within(1),
        default=2,
        metavar="N",
        help="complete sets due of every meter (2)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")


def run(args: argparse.Namespace) -> int:
    """0 = everything equal and complete; 1 = not, with the reason in one sentence."""
    # the site's own reader only when a site is given: the judge runs without
    due, ratios = _site(args.site, args.line) if args.site else ({}, {})
    truth = load_truth(args.truth, args.line, ratios)
    readings = load_readings(args.readings)
    if not args.site:
        # without a site, those that answered
        due = {meter: "" for meter, _ in sorted(truth)}
    if args.line is not None:
        # readings carry no line: those of other lines' meters are not ours to judge
        readings = [reading for reading in readings if reading.meter in due]
    report = judge(truth, readings, due, args.sweeps)
    reason = _reason(report, args.sweeps)
    if args.json:
        print(json.dumps(_as_json(report, args.sweeps, reason), ensure_ascii=False))
    else:
        _print(report, args.sweeps)
        print(reason or say("sim_truth_equal", count=report.equal, meters=len(due)))
    return 1 if reason else 0


def _site(path: Path, line: str | None) -> tuple[dict[str, str], dict[str, Ratio]]:
    """What must be complete, with its kind, and the ratios of what stands behind CT or PT."""
    from edge.site.load import read_site
    from firmware_sim.bench_tools.devices import like
    from firmware_sim.played import plays

    site = read_site(path)
    readable = [m for m in site.meters if plays(m) and line in (None, m.line)]
    due = {meter.id: like(meter) for meter in readable}
    # an oil type has no winding sensors and a dry type no oil
    insulation = {transformer.id: transformer.insulation for transformer in site.transformers}
    due |= {
        tmu.id: f"tmu {insulation[tmu.transformer]}"
        for tmu in site.tmus
        if line in (None, tmu.line) and plays(tmu)
    }
    ratios = {
        meter.id: Ratio(
            (meter.ct_primary, meter.ct_secondary), (meter.pt_primary, meter.pt_secondary)
        )
        for meter in readable
    }
    return due, {meter: ratio for meter, ratio in ratios.items() if ratio != ONE}


def _reason(report: Report, sweeps: int) -> str:
    """Why this is not a pass; empty when it is."""
    if report.different:
        first = report.different[0]
        return say(
            "sim_truth_different",
            count=len(report.different),
            compared=report.compared,
            meter=first.reading.meter,
            quantity=first.reading.quantity,
            value=_text(first.reading.value),
            answered=_text(first.answered),
        )
    if report.untrue:
        one = report.untrue[0]
        return say(
            "sim_truth_unanswered",
            count=len(report.untrue),
            meter=one.meter,
            quantity=one.quantity,
            value=_text(one.value),
        )
    short = report.short(sweeps)
    if short or not report.equal:
        return say(
            "sim_truth_incomplete",
            short=len(short),
            due=len(report.sweeps),
            sweeps=sweeps,
            meter=short[0] if short else "-",
        )
    return ""


def _print(report: Report, sweeps: int) -> None:
    short = len(report.short(sweeps))
    whole = f"{len(report.sweeps) - short}/{len(report.sweeps)}"
    _row("sim_row_compared", report.compared)
    _row("sim_row_equal", report.equal)
    _row("sim_row_different", len(report.different))
    for one in report.different[:SHOWN]:
        told = say(
            "sim_row_difference",
            meter=one.reading.meter,
            quantity=one.reading.quantity,
            t=one.reading.t,
            value=_text(one.reading.value),
            answered=_text(one.answered),
        )
        print(f"  {told}")
    _row("sim_row_untrue", len(report.untrue))
    _row("sim_row_missing", report.missing)
    _row("sim_row_unread", report.unread)
    _row("sim_row_complete", whole)


def _row(key: str, value: object) -> None:
    print(f"{padded(say(key), 23)}{value}")


def _as_json(report: Report, sweeps: int, reason: str) -> dict[str, Any]:
    short = report.short(sweeps)
    return {
        "compared": report.compared,
        "equal": report.equal,
        "different": len(report.different),
        "first_different": [
            {
                "meter": one.reading.meter,
                "quantity": one.reading.quantity,
                "t": one.reading.t,
                "arrived": _text(one.reading.value),
                "answered": _text(one.answered),
            }
            for one in report.different[:SHOWN]
        ],
        "readings_without_truth": len(report.untrue),
        "readings_without_value": report.missing,
        "truth_without_reading": report.unread,
        "meters_due": len(report.sweeps),
        "meters_complete": len(report.sweeps) - len(short),
        "sweeps": sweeps,
        "short": short,
        "reason": reason or None,
    }


def _text(value: Decimal | None) -> str:
    return "no value" if value is None else f"{value:f}"
