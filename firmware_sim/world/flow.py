"""What passes one meter, as a closed-form function of time: power now, energy since day 0.

Per phase and five-minute block there are two figures: the load, which goes with the block's ripple,
and what the cables below lose, which goes with its square (current does as the load does). Energy
is the integral of both to a millionth of a Wh, per tariff, from exact sums made once; so registers
never run back, agree with the power at every instant, and a meter's register is the sum of those
below plus the loss.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from firmware_sim.world.shape import BLOCK_H, BLOCK_SQUARE_H, BLOCKS, TARIFFS, Moment, grained

Blocks = tuple[complex, ...]
"""W + j var of each block of the day."""

REGISTERS = (1, 2, 3, 4)
"""The tariffs a meter has a register for."""
USED = tuple(sorted(set(TARIFFS)))
NOTHING: Blocks = (0j,) * BLOCKS


@dataclass(frozen=True, slots=True)
class Flow:
    """Power and energy through one meter."""

    loads: tuple[Blocks, ...]
    """Of each phase: what the meters below draw."""
    losses: tuple[Blocks, ...]
    """Of each phase: what the cables between this meter and those lose."""
    active: tuple[float, ...]
    """All phases' load of each block, W."""
    lost: tuple[float, ...]
    """All phases' loss of each block, W."""
    sums: Mapping[int, tuple[float, ...]]
    """tariff -> Wh since midnight at each block's start; one more than blocks."""
    before: Mapping[int, float]
    """tariff -> Wh at day 0."""

    def power(self, phase: int, now: Moment) -> complex:
        """W + j var of one phase."""
        load, loss = self.loads[phase][now.block], self.losses[phase][now.block]
        return load * now.ripple + loss * (now.ripple * now.ripple)

    def energy(self, tariff: int, now: Moment) -> float:
        """Register of one tariff, Wh."""
        sums = self.sums.get(tariff)
        if sums is None:
            return 0.0
        total = self.before[tariff] + now.days * sums[BLOCKS] + sums[now.block]
        if now.tariff == tariff:
            total += self.active[now.block] * now.linear_h + self.lost[now.block] * now.square_h
        return total


def own_flow(drawn: Sequence[Blocks], age_days: float) -> Flow:
    """The flow of a meter that supplies its own load, a phase each; nothing is lost behind it."""
    sums = _sums(_real(drawn), (0.0,) * BLOCKS)
    return Flow(
        loads=tuple(drawn),
        losses=(NOTHING,) * len(drawn),
        active=_real(drawn),
        lost=(0.0,) * BLOCKS,
        sums=sums,
        before={tariff: grained(age_days * column[BLOCKS]) for tariff, column in sums.items()},
    )


def sum_flow(loads: Sequence[Blocks], losses: Sequence[Blocks], below: Sequence[Flow]) -> Flow:
    """The flow of a meter above others; before day 0 the cables lost as they do now."""
    active, lost = _real(loads), _real(losses)
    drawn, sums = _sums(active, (0.0,) * BLOCKS), _sums(active, lost)
    before = {}
    for tariff, column in sums.items():
        rate = column[BLOCKS] / drawn[tariff][BLOCKS] if drawn[tariff][BLOCKS] else 1.0
        before[tariff] = grained(rate * sum(flow.before[tariff] for flow in below))
    return Flow(tuple(loads), tuple(losses), active, lost, sums, before)


def _real(phases: Sequence[Blocks]) -> tuple[float, ...]:
    """The sum of the phases' active powers, W."""
    return tuple(sum(value.real for value in block) for block in zip(*phases, strict=True))


def _sums(active: Sequence[float], lost: Sequence[float]) -> dict[int, tuple[float, ...]]:
    """tariff -> energy since midnight at each block's start, Wh."""
    counted = [
        grained(load * BLOCK_H + loss * BLOCK_SQUARE_H)
        for load, loss in zip(active, lost, strict=True)
    ]
    return {
        tariff: tuple(
            accumulate(
                (wh if at == tariff else 0.0 for wh, at in zip(counted, TARIFFS, strict=True)),
                initial=0.0,
            )
        )
        for tariff in USED
    }
