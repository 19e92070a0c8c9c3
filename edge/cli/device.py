"""The serial device of a one-shot verb: its options, and the line they describe."""

import argparse
import os

from edge.shells.listen import BAUD_RATES
from edge.shells.port import PortError, SerialPort
from edge.site.model import Line, Port
from edge.words.messages import BoxgateError

BAUD = 2400
"""What a meter leaves the works with (DL/T 645-2007 §5.1)."""


def add_device(
    parser: argparse.ArgumentParser,
    baud_help: str = "speed of the line (2400)",
    baud: int | None = BAUD,
) -> None:
    """PORT, --baud, --parity; `baud` is what is meant where none is given."""
    parser.add_argument("port", metavar="PORT", help="serial device, such as /dev/ttyUSB0")
    parser.add_argument(
        "--baud",
        type=int,
        choices=BAUD_RATES,
        default=baud,
        metavar="RATE",
        help=baud_help,
    )
    parser.add_argument(
        "--parity",
        choices=("E", "N", "O"),
        help="parity (E, as DL/T 645 has it; N on a pty, which has none)",
    )


def parity_of(args: argparse.Namespace) -> str:
    """The parity that was given, or the one that goes with such a device."""
    if args.parity:
        return str(args.parity)
    return "N" if os.path.realpath(args.port).startswith("/dev/pts/") else "E"


def line_of(args: argparse.Namespace, *, wake: int, answer_ms: int) -> Line:
    """The line as these options describe it."""
    # the line keeps E or N by its own name: only the character time hangs on it
    parity = parity_of(args)
    return Line(
        id="port",
        baud=args.baud,
        parity="N" if parity == "N" else "O" if parity == "O" else "E",
        wake_bytes=wake,
        answer_ms=answer_ms,
    )


def port_of(args: argparse.Namespace, line: Line) -> Port:
    """The device as these options describe it."""
    return Port(port=args.port, parity=line.parity)


def opened(line: Line, port: Port) -> SerialPort:
    """The port, open; BoxgateError of a one-shot verb (exit code 3) where it cannot be had."""
    try:
        return SerialPort(line, port)
    except PortError as error:
        facts = {name: fact for name, fact in error.facts.items() if name != "line"}
        raise BoxgateError(f"tool_{error.key}", **facts) from error
