"""The SDM630 meter on a board."""

import select
import time

import board
import machine
from lib.loop import run
from sdm630.core import Meter

run(Meter, board, machine, select, time)
