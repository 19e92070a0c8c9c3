"""A main.py for the DL/T 698.45 meter with a past, a made-up one (past.py).

The meter's own main.py has no store behind it, so that its freezes have no rows. This one stands in
its place where rows are to be proven.
"""

import select
import time

import board
import machine
from lib.loop import run
from meter698.core import Meter
from past import memory


def make(number, elements, snapshot, clock, char_us):
    return Meter(number, elements, snapshot, clock, char_us, memory=memory)


run(make, board, machine, select, time)
