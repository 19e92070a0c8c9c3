"""What a three-phase meter counts besides active energy, and its demands: functions of its flow.

As in flow.py everything is a sum of five-minute blocks made once, and the part of the block that
has passed: loads go with the block's ripple, losses with its square. Apparent power is the load's,
with the loss in the load's own direction: exact where nothing is lost, else right to second order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from firmware_sim.world.flow import Flow
from firmware_sim.world.shape import (
    BLOCK_H,
    BLOCK_MS,
    BLOCK_SQUARE_H,
    BLOCKS,
    TARIFFS,
    Moment,
    grained,
)

PERIOD_BLOCKS = 3
"""Blocks of a demand period of 15 min."""
PERIOD_MS = PERIOD_BLOCKS * BLOCK_MS
PERIODS = BLOCKS // PERIOD_BLOCKS

Part = Callable[[complex, complex], tuple[float, float]]
"""From a block's load and loss to what of them is counted."""


def _active(load: complex, loss: complex) -> tuple[float, float]:
    return load.real, loss.real


def _reactive(load: complex, loss: complex) -> tuple[float, float]:
    return load.imag, loss.imag


def _apparent(load: complex, loss: complex) -> tuple[float, float]:
    size = abs(load)
    return size, (loss * load.conjugate()).real / size if size else abs(loss)


@dataclass(frozen=True, slots=True)
class Column:
    """One thing counted on one phase."""

    loads: tuple[float, ...]
    losses: tuple[float, ...]
    sums: tuple[tuple[float, ...], ...]
    """Of each tariff 1..4: counted since midnight at each block's start; one more than blocks."""

    def counted(self, tariff: int, now: Moment) -> float:
        """Since day 0, Wh (varh, VAh)."""
        sums = self.sums[tariff - 1]
        total = now.days * sums[BLOCKS] + sums[now.block]
        if now.tariff == tariff:
            total += self.loads[now.block] * now.linear_h + self.losses[now.block] * now.square_h
        return total

    def block(self, block: int) -> float:
        """Counted in one whole block."""
        return self.loads[block] * BLOCK_H + self.losses[block] * BLOCK_SQUARE_H


def _column(flow: Flow, phase: int, part: Part) -> Column:
    pairs = [part(*pair) for pair in zip(flow.loads[phase], flow.losses[phase], strict=True)]
    loads, losses = zip(*pairs, strict=True)
    whole = [
        grained(load * BLOCK_H + loss * BLOCK_SQUARE_H)
        for load, loss in zip(loads, losses, strict=True)
    ]
    sums = tuple(
        tuple(
            accumulate(
                (wh if at == tariff else 0.0 for wh, at in zip(whole, TARIFFS, strict=True)),
                initial=0.0,
            )
        )
        for tariff in (1, 2, 3, 4)
    )
    return Column(loads, losses, sums)


class Counts:
    """All that one meter counts, a column a phase: active, reactive, apparent."""

    def __init__(self, flow: Flow) -> None:
        phases = range(len(flow.loads))
        self.active = [_column(flow, phase, _active) for phase in phases]
        self.reactive = [_column(flow, phase, _reactive) for phase in phases]
        self.apparent = [_column(flow, phase, _apparent) for phase in phases]
        # before day 0 the meter counted days like the ones it counts now
        day = sum(column.sums[tariff][BLOCKS] for column in self.active for tariff in range(4))
        self._days_before = sum(flow.before.values()) / day if day else 0.0

    def total(self, columns: Sequence[Column], tariff: int, now: Moment) -> float:
        """Register of a tariff over all the columns, Wh."""
        return sum(
            column.counted(tariff, now) + self._days_before * column.sums[tariff - 1][BLOCKS]
            for column in columns
        )

    def phase(self, column: Column, now: Moment) -> float:
        """Register of one phase over all tariffs, Wh."""
        return sum(self.total([column], tariff, now) for tariff in (1, 2, 3, 4))


def demand(columns: Sequence[Column], period: int) -> float:
    """Mean power of one demand period of the day, W."""
    first = period % PERIODS * PERIOD_BLOCKS
    blocks = range(first, first + PERIOD_BLOCKS)
    energy = sum(column.block(block) for column in columns for block in blocks)
    return energy / (PERIOD_BLOCKS * BLOCK_H)


def peak(columns: Sequence[Column], tariff: int, since_ms: int, until_ms: int) -> tuple[float, int]:
    """Largest demand of a tariff (0 = any) and when it ended; 0.0, 0 if no period was whole.

    Times are of the load's own days, ms from any midnight. Days repeat, so the first is the whole
    of them.
    """
    first = -(-since_ms // PERIOD_MS)
    last = min(until_ms // PERIOD_MS, first + PERIODS)
    best, ended = 0.0, 0
    for period in range(first, last):
        if tariff in (0, TARIFFS[period % PERIODS * PERIOD_BLOCKS]):
            found = demand(columns, period)
            if found > best:
                best, ended = found, (period + 1) * PERIOD_MS
    return best, ended
