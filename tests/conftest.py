"""What every test stands on: signals as a terminal gives them."""

import signal

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Ctrl-C works in the children too where a shell has started the tests in the background.

    It then hands SIGINT down as ignored, and a program that is not meant to end by what its parent
    ignores (nohup) would be waited for in vain.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
