"""What `boxgate-sim truth` says of a run's files, of all its lines together."""

import json
import pathlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

Tool = Callable[..., tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Every reading that arrived against what the meters answered."""

    equal: int
    """Absences among them: where the meter itself shows no value, none arrived."""
    different: int
    untrue: int
    """Readings with a value that no meter answered."""
    missing: int
    """Readings without a value where the meter gave one, or gave nothing."""
    reason: str
    """Why this is not a pass: a reading not equal, or a device not complete; "" = it is one."""

    @property
    def honest(self) -> bool:
        """Something was compared, and nothing of it is wrong."""
        return self.equal > 0 and not self.different and not self.untrue


def judged(
    run: Tool,
    truth: pathlib.Path,
    readings: pathlib.Path,
    site: pathlib.Path,
    lines: Iterable[str | None],
    sweeps: int,
) -> Verdict:
    """Judge each of the lines (None = all at once) and add up."""
    return _sum(
        [
            _one(
                run(
                    *("firmware_sim.cli.main", "truth", str(truth), str(readings)),
                    *("--site", str(site), *(("--line", line) if line else ())),
                    *("--sweeps", str(sweeps), "--json"),
                )
            )
            for line in lines
        ]
    )


def _one(ended: tuple[int, str]) -> Verdict:
    code, said = ended
    found: dict[str, object] = {}
    for line in reversed(said.splitlines()):
        if line.startswith("{"):
            found = json.loads(line)
            break
    reason = str(found.get("reason") or "")
    if code and not reason:
        # it could not judge: its last words are the reason
        reason = (said.splitlines() or ["?"])[-1]
    return Verdict(
        equal=_count(found, "equal"),
        different=_count(found, "different"),
        untrue=_count(found, "readings_without_truth"),
        missing=_count(found, "readings_without_value"),
        reason=reason,
    )


def _count(found: dict[str, object], name: str) -> int:
    value = found.get(name)
    return value if isinstance(value, int) else 0


def _sum(found: Sequence[Verdict]) -> Verdict:
    return Verdict(
        equal=sum(one.equal for one in found),
        different=sum(one.different for one in found),
        untrue=sum(one.untrue for one in found),
        missing=sum(one.missing for one in found),
        reason=next((one.reason for one in found if one.reason), ""),
    )
