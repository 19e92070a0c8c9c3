"""The frame both programs share: `boxgate VERB …`, `boxgate-sim VERB …`.

A verb is a module with add_arguments(parser) and run(args) -> exit code. It is imported only when
it is called or helped, so that a start costs only what the verb needs.

However a verb fails, what a person sees is one sentence on stderr and an exit code. The traceback
of a fault of our own is for whoever sets BOXGATE_TRACEBACK=1.
"""

import argparse
import importlib
import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from edge.words.help import Formatter, translated
from edge.words.messages import BoxgateError, one_line, say

FAILED = 1
TRACEBACK = "BOXGATE_TRACEBACK"
"""Environment variable: "1" prints the whole traceback of an internal fault before its sentence."""


def run_program(
    program: str,
    about: str,
    package: str,
    verbs: dict[str, str],
    version: Callable[[], str],
    argv: Sequence[str] | None,
) -> int:
    """Parse the command line, run its verb, turn failures into one sentence and an exit code.

    `verbs` maps a verb to its one-line summary; the module is `PACKAGE.VERB` ('-' becomes '_').
    SystemExit only from argparse: 0 after a help, 2 after a usage error.
    """
    _open_standard_streams()
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _guarded(program, lambda: _call(program, about, package, verbs, version, arguments))
    except SystemExit:
        if _flushed(program):
            raise
        raise SystemExit(FAILED) from None
    return code if _flushed(program) else code or FAILED


def tell(program: str, text: str) -> None:
    """One sentence to a person, on stderr."""
    try:
        print(f"{program}: {one_line(text)}", file=sys.stderr, flush=True)  # noqa: T201
    except OSError:
        # stderr itself is full or gone: the exit code is all that is left to say
        discard(sys.stderr)


def fault(error: BaseException) -> str:
    """What an internal fault was and where: type, text, file and line of the innermost frame."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    text = one_line(str(error))
    return f"{type(error).__name__}{': ' if text else ''}{text}{where}"


class _Parser(argparse.ArgumentParser):
    """argparse whose usage errors are one sentence of the message table; subparsers inherit it."""

    def error(self, message: str) -> NoReturn:
        """Exit code 2."""
        program = self.prog.partition(" ")[0]
        tell(program, say("usage", what=message, command=self.prog))
        self.exit(2)

    def print_help(self, file: Any = None) -> None:
        """argparse would keep it to itself that the output cannot be written."""
        print(self.format_help(), end="", file=file or sys.stdout)


def _call(
    program: str,
    about: str,
    package: str,
    verbs: dict[str, str],
    version: Callable[[], str],
    arguments: list[str],
) -> int:
    """Load the verb that is named, parse, run."""
    parser = _Parser(prog=program, description=about, formatter_class=Formatter)
    parser.add_argument(
        "--version", action="store_true", help="show the version and what it runs on"
    )
    sub = parser.add_subparsers(dest="verb", metavar="VERB")
    named = next((a for a in arguments if not a.startswith("-")), None)
    for verb, summary in verbs.items():
        one = sub.add_parser(
            verb, help=translated(summary), description=summary, formatter_class=Formatter
        )
        if verb == named:
            module = importlib.import_module(f"{package}.{verb.replace('-', '_')}")
            module.add_arguments(one)
            one.set_defaults(run=module.run)
    args = parser.parse_args(arguments)
    if args.version:
        print(version())  # noqa: T201 - this is the command line
        return 0
    if args.verb is None:
        parser.print_help()
        return 2
    return int(args.run(args))


def _guarded(program: str, act: Callable[[], int]) -> int:
    """The exit code of `act`, whatever happens in it; SystemExit passes."""
    try:
        return act()
    except BoxgateError as error:
        tell(program, error.text())
        return error.exit_code
    except KeyboardInterrupt:
        tell(program, say("interrupted"))
        return 0
    except BrokenPipeError:
        # the reader of our output went away (| head): nothing more to say
        discard(sys.stdout)
        return 0
    except ImportError as error:
        # a stale kernel or a missing dependency: the installation, not its use, is at fault
        broken = BoxgateError("install_broken", cause=error)
        tell(program, broken.text())
        return broken.exit_code
    except OSError as error:
        # no verb made a better sentence of it: a full disk behind > FILE, a folder taken away
        return _refused(program, error)
    except Exception as error:  # noqa: BLE001 - the last net: a person gets a sentence, not Python
        if os.environ.get(TRACEBACK) == "1":
            traceback.print_exception(error)
        tell(program, say("internal", what=fault(error)))
        return FAILED


def _flushed(program: str) -> bool:
    """Whether the output is all out; a full disk behind a redirection is said here."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        discard(sys.stdout)
    except OSError as error:
        _refused(program, error)
        discard(sys.stdout)
        return False
    return True


def _refused(program: str, error: OSError) -> int:
    """One sentence for what the operating system would not do."""
    cause = os.strerror(error.errno) if error.errno else type(error).__name__
    where = error.filename or say("system_output")
    tell(program, say("system_refused", cause=cause, where=where))
    return FAILED


def _open_standard_streams() -> None:
    """Descriptors 0, 1, 2 that were closed (`>&-`) become /dev/null.

    Else the journal or a serial port would get one of these numbers, and whoever prints would
    print into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - the process's own
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - the process's own
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        # names are Chinese, a terminal may not be
        sys.stdout.reconfigure(errors="replace")


def discard(stream: object) -> None:
    """Let what is still buffered go nowhere, or the interpreter complains at its end."""
    if not isinstance(stream, io.TextIOWrapper):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
