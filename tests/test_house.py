"""The import contract of docs/house.md, held against this tree and trees broken on purpose."""

import pathlib
import shutil
import subprocess
import sys

import pytest

from tests.house_contract import PACKAGES, ROOMS, TABLE, breaches, room_of

ROOT = pathlib.Path(__file__).parents[1]
EDGE_ORDER = (
    *("words", "site", "bus", "plan", "journal", "analysis"),
    *("uplink", "command", "agent", "shells", "cli"),
)


def test_every_import_of_the_tree_is_allowed_by_the_house() -> None:
    assert breaches(ROOT) == []


def test_inside_edge_a_room_is_allowed_only_what_stands_below_it() -> None:
    for place, name in enumerate(EDGE_ORDER):
        above = {f"edge.{other}" for other in EDGE_ORDER[place:]}
        assert not TABLE[f"edge.{name}"].rooms & above, f"edge.{name} may import what is not below"


def test_every_room_of_the_table_names_only_rooms_of_the_table() -> None:
    for one in ROOMS:
        assert one.rooms <= TABLE.keys(), f"{one.name}: {one.rooms - TABLE.keys()}"


def test_the_longest_name_decides_the_room() -> None:
    assert room_of("protocol.quantity") is TABLE["protocol.quantity"]
    assert room_of("edge.bus.master") is TABLE["edge.bus"]
    assert room_of("firmware_sim.firmware.meter645.core") is TABLE["firmware_sim.firmware"]
    assert room_of("edges.bus") is None


@pytest.fixture
def tree(tmp_path: pathlib.Path) -> pathlib.Path:
    """A copy of the tree to break."""
    for name in PACKAGES:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.so", "*.c"))
    (tmp_path / "tests").mkdir()
    (tmp_path / "bench").mkdir()
    for name in ("__init__.py", "house_contract.py"):
        shutil.copy(ROOT / "tests" / name, tmp_path / "tests" / name)
    return tmp_path


def verdict(tree: pathlib.Path) -> tuple[int, str]:
    """What the contract says of the copy, in a process of its own: (exit code, sentences)."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.house_contract"],
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


def plant(tree: pathlib.Path, module: str, text: str) -> None:
    """Add a file to the copy, with the folders and __init__.py on its way."""
    path = tree / module
    for folder in reversed(path.relative_to(tree).parents[:-1]):
        (tree / folder).mkdir(exist_ok=True)
        (tree / folder / "__init__.py").touch()
    path.write_text(text, encoding="utf-8")


def test_an_unbroken_copy_passes(tree: pathlib.Path) -> None:
    assert verdict(tree) == (0, "")


@pytest.mark.parametrize(
    ("module", "text", "named"),
    [
        ("edge/bus/late.py", "import time\n", "edge/bus/late.py:1 imports time"),
        (
            "edge/uplink/hidden.py",
            "def f() -> None:\n    import threading\n",
            "edge/uplink/hidden.py:2 imports threading",
        ),
        (
            "protocol/clock.py",
            "from datetime import datetime as d\n\nT = d.now()\n",
            "protocol/clock.py:3 asks d.now",
        ),
        (
            "edge/plan/named.py",
            "from importlib import import_module\n\nimport_module('time')\n",
            "edge/plan/named.py:3 imports by name",
        ),
        (
            "firmware_sim/peek.py",
            "from protocol.dlt645 import any_table\n",
            "firmware_sim/peek.py:1 imports protocol.dlt645",
        ),
        (
            "firmware_sim/firmware/meter645/peek.py",
            "import firmware_sim.clock\n",
            "firmware_sim/firmware/meter645/peek.py:1 imports firmware_sim",
        ),
        (
            "edge/site/up.py",
            "import edge.agent\n",
            "edge/site/up.py:1 imports edge.agent",
        ),
        (
            "edge/journal/web.py",
            "from urllib import request\n",
            "edge/journal/web.py:1 may use urllib.parse",
        ),
        ("edge/journal/net.py", "import requests\n", "edge/journal/net.py:1 imports requests"),
    ],
)
def test_an_import_off_the_lists_is_caught_and_named(
    tree: pathlib.Path, module: str, text: str, named: str
) -> None:
    plant(tree, "edge/agent.py", '"""Stands for the agent."""\n')
    plant(tree, "firmware_sim/clock.py", '"""Stands for the clock."""\n')
    plant(tree, module, text)
    code, sentences = verdict(tree)
    assert code == 1
    assert named in sentences


def test_a_chain_to_the_other_end_of_the_wire_is_caught_with_its_links(tree: pathlib.Path) -> None:
    plant(tree, "protocol/dlt645/secret.py", "TABLE = {}\n")
    with (tree / "protocol" / "quantity.py").open("a", encoding="utf-8") as file:
        file.write("\nimport protocol.dlt645.secret\n")
    plant(tree, "firmware_sim/innocent.py", "import protocol.quantity\n")
    code, sentences = verdict(tree)
    assert code == 1
    chain = "firmware_sim.innocent -> protocol.quantity -> protocol.dlt645.secret"
    assert chain in sentences


def test_a_chain_to_a_clock_is_caught_with_its_links(tree: pathlib.Path) -> None:
    plant(tree, "edge/bus/deep.py", "import socket\n")
    plant(tree, "edge/plan/innocent.py", "import edge.bus.deep\n")
    code, sentences = verdict(tree)
    assert code == 1
    assert "edge.plan.innocent -> edge.bus.deep -> socket" in sentences


def test_a_folder_without_init_is_caught(tree: pathlib.Path) -> None:
    (tree / "edge" / "lost").mkdir()
    (tree / "edge" / "lost" / "one.py").write_text("X = 1\n", encoding="utf-8")
    code, sentences = verdict(tree)
    assert code == 1
    assert "edge/lost holds one.py but no __init__.py" in sentences
