"""Every test of a kernel runs on both: the compiled one and its plain twin."""

import importlib
import os
from types import ModuleType

import pytest

KERNELS = ("c", "py")


def load(name: str, kernel: str) -> ModuleType:
    """The module cext.NAME_KERNEL; a compiled one that is not built skips, or fails in CI."""
    try:
        return importlib.import_module(f"cext.{name}_{kernel}")
    except ModuleNotFoundError as error:
        reason = (
            f"cext.{name}_{kernel} is not built ({error}): "
            "run 'python setup.py build_ext --inplace' to test the compiled kernel"
        )
        if os.environ.get("BOXGATE_REQUIRE_EXTENSIONS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="session", params=KERNELS)
def framing(request: pytest.FixtureRequest) -> ModuleType:
    """The framing kernel under test."""
    return load("framing", request.param)


@pytest.fixture(scope="session", params=KERNELS)
def values(request: pytest.FixtureRequest) -> ModuleType:
    """The values kernel under test."""
    return load("values", request.param)


@pytest.fixture(scope="session")
def both_framings() -> tuple[ModuleType, ModuleType]:
    """Compiled and plain framing, to be held against each other."""
    return load("framing", "c"), load("framing", "py")


@pytest.fixture(scope="session")
def both_values() -> tuple[ModuleType, ModuleType]:
    """Compiled and plain values, to be held against each other."""
    return load("values", "c"), load("values", "py")


@pytest.fixture(scope="session", params=KERNELS)
def calculator(request: pytest.FixtureRequest) -> ModuleType:
    """The load calculator under test."""
    return load("load", request.param)


@pytest.fixture(scope="session")
def both_calculators() -> tuple[ModuleType, ModuleType]:
    """Compiled and plain load calculator, to be held against each other."""
    return load("load", "c"), load("load", "py")


@pytest.fixture(scope="session", params=KERNELS)
def framing698(request: pytest.FixtureRequest) -> ModuleType:
    """The framing kernel of DL/T 698.45 under test."""
    return load("framing698", request.param)


@pytest.fixture(scope="session")
def both_framings698() -> tuple[ModuleType, ModuleType]:
    """Compiled and plain framing of DL/T 698.45, to be held against each other."""
    return load("framing698", "c"), load("framing698", "py")


@pytest.fixture(scope="session", params=KERNELS)
def values698(request: pytest.FixtureRequest) -> ModuleType:
    """The kernel of DL/T 698.45 answers under test."""
    return load("values698", request.param)


@pytest.fixture(scope="session")
def both_values698() -> tuple[ModuleType, ModuleType]:
    """Compiled and plain kernel of DL/T 698.45 answers, to be held against each other."""
    return load("values698", "c"), load("values698", "py")
