"""The tests of the proof stand once (proving.py, written.py); a file's ROWS are what they run for.

Each such file is a process of its own where tests run in several (scripts/test).
"""

import pytest

pytest.register_assert_rewrite(f"{__package__}.proving", f"{__package__}.written")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that wants a row is run for each of its module's."""
    if "row" in metafunc.fixturenames:
        rows = metafunc.module.ROWS
        metafunc.parametrize("row", rows, ids=[one.name for one in rows])
