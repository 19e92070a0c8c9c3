"""The frame both programs share: `boxgate VERB …`, `boxgate-sim VERB …`.

A verb is a module with SUMMARY (one line), add_arguments(parser) and run(args) -> exit code. It is
imported only when it is called or helped, so that a start costs only what the verb needs.
"""

import argparse
import importlib
import io
import os
import sys
from collections.abc import Callable, Sequence

from edge.words.messages import BoxgateError, say

FAILED = 1


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
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # names are Chinese, a terminal may not be
        sys.stdout.reconfigure(errors="replace")
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(prog=program, description=about)
    parser.add_argument("--version", action="store_true", help="version and kernels in use")
    sub = parser.add_subparsers(dest="verb", metavar="VERB")
    named = next((a for a in arguments if not a.startswith("-")), None)
    for verb, summary in verbs.items():
        one = sub.add_parser(verb, help=summary, description=summary)
        if verb == named:
            try:
                module = importlib.import_module(f"{package}.{verb.replace('-', '_')}")
            except ImportError as error:
                return _not_whole(program, error)
            module.add_arguments(one)
            one.set_defaults(run=module.run)
    args = parser.parse_args(arguments)
    if args.version:
        try:
            print(version())  # noqa: T201 - this is the command line
        except ImportError as error:
            return _not_whole(program, error)
        return 0
    if args.verb is None:
        parser.print_help()
        return 2
    try:
        code = int(args.run(args))
        return code if _flushed(program) else FAILED
    except BoxgateError as error:
        print(f"{program}: {error.text()}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    except KeyboardInterrupt:
        print(f"{program}: {say('interrupted')}", file=sys.stderr)  # noqa: T201
        return 0
    except BrokenPipeError:
        # the reader of our output went away (| head): nothing more to say
        _discard_output()
        return 0
    except OSError as error:
        # no verb made a better sentence of it: a full disk behind > FILE, a folder taken away
        return _refused(program, error)


def _flushed(program: str) -> bool:
    """Whether the output is all out; a full disk behind a redirection is said here."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _refused(program, error)
        _discard_output()
        return False
    return True


def _refused(program: str, error: OSError) -> int:
    """One sentence for what the operating system would not do."""
    cause = os.strerror(error.errno) if error.errno else type(error).__name__
    where = error.filename or say("system_output")
    print(f"{program}: {say('system_refused', cause=cause, where=where)}", file=sys.stderr)  # noqa: T201
    return FAILED


def _discard_output() -> None:
    """Let what is still buffered go nowhere, or the interpreter complains at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _not_whole(program: str, error: ImportError) -> int:
    """A stale kernel or a missing dependency: the installation, not its use, is at fault."""
    broken = BoxgateError("install_broken", cause=error)
    print(f"{program}: {broken.text()}", file=sys.stderr)  # noqa: T201
    return broken.exit_code
