"""What every test stands on: signals as a terminal gives them, examples without a wall clock."""

import signal

import pytest
from hypothesis import settings

# a busy machine is no failure: no example has to be done within a time
settings.register_profile("boxgate", deadline=None)
settings.load_profile("boxgate")


def pytest_configure(config: pytest.Config) -> None:
    """Ctrl-C works in the children too where a shell has started the tests in the background.

    It then hands SIGINT down as ignored, and a program that is not meant to end by what its parent
    ignores (nohup) would be waited for in vain.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
