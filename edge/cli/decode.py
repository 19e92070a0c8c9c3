"""`boxgate decode [HEX…]`: what the bytes of a frame mean, one input after the other."""

import argparse
import sys
from collections.abc import Iterator
from typing import TextIO

import msgspec

from edge.cli.annotate import annotated
from edge.cli.hexinput import LONGEST, parse
from edge.words.messages import language
from protocol.decode import PROTOCOLS, decode
from protocol.decoded import Decoded

_SHORT = {"645": PROTOCOLS[0], "645-97": PROTOCOLS[1], "698": PROTOCOLS[2], "modbus": PROTOCOLS[3]}


class Line(msgspec.Struct):
    """One line of --json: an input, the frames found in it, and what was not understood."""

    input: str
    frames: list[Decoded]
    reason: str | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's own arguments."""
    parser.add_argument(
        "hex", nargs="*", metavar="HEX", help="one input; without it one a line from stdin"
    )
    parser.add_argument(
        "--protocol",
        choices=(*PROTOCOLS, *_SHORT),
        metavar="NAME",
        help="dlt645-2007, dlt645-1997, dlt698.45 or modbus-rtu (default: found by itself)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line for each input")


def run(args: argparse.Namespace) -> int:
    """Decode and print; always 0: what is not understood is the result, not a failure."""
    protocol = _SHORT.get(args.protocol, args.protocol)
    inputs = [" ".join(args.hex)] if args.hex else _lines(sys.stdin)
    encoder = msgspec.json.Encoder()
    for place, text in enumerate(inputs):
        if args.json:
            # names and reasons in English whatever LANG: programs read them
            line = _line(text, protocol)
            print(encoder.encode(line).decode(), flush=True)
            continue
        if place:
            print()
        if not args.hex:
            print(f"> {text if len(text) <= 76 else text[:75] + '…'}")
        print("\n".join(_table(text, protocol)), flush=True)
    return 0


def _line(text: str, protocol: str | None) -> Line:
    data, wrong = parse(text)
    if data is None:
        return Line(text, [], wrong)
    frames, reason = decode(data, protocol, "en")
    return Line(text, frames, reason or None)


def _table(text: str, protocol: str | None) -> list[str]:
    lang = language()
    data, wrong = parse(text)
    if data is None:
        return annotated(b"", [], wrong, lang)
    frames, reason = decode(data, protocol, lang)
    return annotated(data, frames, reason, lang)


def _lines(stream: TextIO) -> Iterator[str]:
    """The lines of a stream without their ends; of an endless one no more than is looked at."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        # any bytes may come: what is no text is no hex either, and is named
        reconfigure(errors="backslashreplace")
    while text := stream.readline(LONGEST + 2):
        if not text.endswith("\n") and len(text) == LONGEST + 2:
            while rest := stream.readline(LONGEST):
                if rest.endswith("\n"):
                    break
        yield text.rstrip("\r\n")
