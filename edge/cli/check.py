"""`boxgate check SITE`: all that is wrong with the declared files, then what they declare."""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge.site.load import (
    check_against_site,
    load_gateway,
    load_ports,
    load_site,
)
from edge.site.model import Port, Site
from edge.site.practice import line_use
from edge.site.problem import Problem
from edge.words.messages import say

CONFIG_ERROR = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's own arguments."""
    parser.add_argument(
        "site", metavar="SITE", type=Path, help="folder of site.toml and meters.csv"
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="gateway.toml to check as well")
    parser.add_argument("--ports", type=Path, metavar="FILE", help="port map to check as well")
    parser.add_argument("--gateway", metavar="ID", help="check ports for this gateway only")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")


def run(args: argparse.Namespace) -> int:
    """Check and print; 0 when nothing is an error, else 2."""
    loaded = load_site(args.site)
    problems = list(loaded.problems)
    for path, load in ((args.config, _gateway_ports), (args.ports, _port_map)):
        if path is None:
            continue
        ports, found = load(path)
        problems += found
        if ports is not None and loaded.site is not None:
            problems += check_against_site(ports, path, loaded.site, args.gateway)
    summary = summarise(loaded.site) if loaded.site else None
    if args.json:
        _print_json(problems, summary)
    else:
        _print_text(problems, summary)
    return CONFIG_ERROR if any(p.severity == "error" for p in problems) else 0


def summarise(site: Site) -> dict[str, Any]:
    """What a site declares, in numbers."""
    owner = {line: gateway.id for gateway in site.gateways for line in gateway.lines}
    household = [m.household or m.id for m in site.meters if m.kind == "household"]
    lines = []
    for line in site.lines:
        use = line_use(site, line)
        lines.append(
            {
                "line": line.id,
                "gateway": owner[line.id],
                "baud": line.baud,
                "meters": use.meters,
                "tmus": use.tmus,
                "minimal_sweep_s": round(use.seconds, 1),
            }
        )
    return {
        "id": site.id,
        "name": site.name,
        "timezone": site.timezone,
        "period_s": site.period_s,
        "digest": site.digest,
        "transformers": len(site.transformers),
        "feeders": len(site.feeders),
        "buildings": len(site.buildings),
        "boxes": len(site.boxes),
        "households": len({name.lower() for name in household}),
        "meters": len(site.meters),
        "kinds": dict(Counter(meter.kind for meter in site.meters)),
        "protocols": dict(Counter(meter.protocol for meter in site.meters)),
        "lines": lines,
    }


def _gateway_ports(path: Path) -> tuple[dict[str, Port] | None, Sequence[Problem]]:
    loaded = load_gateway(path)
    return (loaded.gateway.line if loaded.gateway else None), loaded.problems


def _port_map(path: Path) -> tuple[dict[str, Port] | None, Sequence[Problem]]:
    loaded = load_ports(path)
    return loaded.ports, loaded.problems


def _print_text(problems: list[Problem], summary: dict[str, Any] | None) -> None:
    for problem in problems:
        print(problem.text())
    if summary is not None:
        kinds, protocols = _counted(summary["kinds"]), _counted(summary["protocols"])
        # a site need not have a name
        named = " ".join(filter(None, (summary["id"], summary["name"])))
        print(say("check_site", named=named, **_facts(summary, "timezone", "period", "digest")))
        places = ("transformers", "feeders", "buildings", "boxes", "households")
        print(say("check_world", **_facts(summary, *places)))
        total = summary["meters"]
        print(say("check_meters", total=total, kinds=kinds, protocols=protocols))
        for one in summary["lines"]:
            facts = _facts(one, "line", "gateway", "baud", "meters", "tmus")
            print(say("check_line", seconds=one["minimal_sweep_s"], **facts))
    counts = Counter(problem.severity for problem in problems)
    print(say("check_counts", errors=counts["error"], warnings=counts["warning"]))


def _print_json(problems: list[Problem], summary: dict[str, Any] | None) -> None:
    found = [
        {
            "file": problem.file,
            "line": problem.line,
            "severity": problem.severity,
            "key": problem.key,
            "text": problem.text(),
        }
        for problem in problems
    ]
    ok = not any(problem.severity == "error" for problem in problems)
    print(json.dumps({"ok": ok, "problems": found, "site": summary}, ensure_ascii=False))


def _facts(summary: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: summary["period_s" if name == "period" else name] for name in names}


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
