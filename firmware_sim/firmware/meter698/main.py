"""The DL/T 698.45 meter on a board."""

import select
import time

import board
import machine
from lib.loop import run
from meter698.core import Meter
from meter698.keep import kept

run(Meter, board, machine, select, time, kept())
