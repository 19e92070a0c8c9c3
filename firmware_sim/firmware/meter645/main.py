"""The DL/T 645-2007 meter on a board."""

import select
import time

import board
import machine
from lib.loop import run
from meter645.core import Meter
from meter645.keep import kept

run(Meter, board, machine, select, time, kept())
