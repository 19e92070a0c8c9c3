"""The meters' cores with a past, asked everything: on CPython what they say on MicroPython."""

import shutil
from pathlib import Path

import pytest

from firmware_sim.hal.loader import ROOT
from firmware_sim.portability import cores, cpython, wasi
from firmware_sim.portability.cores import CORES, Core
from tests.firmware_sim.firmware.language import findings

on_vm = pytest.mark.skipif(
    wasi.missing() != "", reason=f"no MicroPython to prove with: {wasi.missing()} not installed"
)
COUNT = 1500


@on_vm
@pytest.mark.parametrize("core", CORES, ids=lambda core: core.name)
def test_both_machines_answer_the_same(core: Core, tmp_path: Path) -> None:
    requests = list(core.requests(core.seed, COUNT))
    folder = cores.lay_out(tmp_path, core, requests)
    one, other = cpython.run_file(folder), wasi.run_file(folder)
    assert cores.difference(requests, one, other) == ""
    said = one.splitlines()
    assert len(said) == len(requests) >= COUNT
    # an exception would stand there by its name
    assert [line for line in said if line != "-" and not line.startswith(("68", "fe"))] == []


@pytest.mark.parametrize("core", CORES, ids=lambda core: core.name)
def test_it_does_not_show_where_the_ticks_wrap_and_every_answer_takes_its_time(
    core: Core, tmp_path: Path
) -> None:
    requests = list(core.requests(core.seed, COUNT))
    said = []
    for tick in (cores.NEAR, cores.FAR, cores.NEAR + 200_000):
        folder = tmp_path / str(tick)
        folder.mkdir()
        said.append(cpython.run_file(cores.lay_out(folder, core, requests, tick=tick)))
    assert cores.difference(requests, said[0], said[1]) == ""
    assert cores.difference(requests, said[2], said[1]) == ""
    assert {line.split()[1] for line in said[0].splitlines() if line != "-"} == {"20000"}


def test_what_only_a_past_holds_is_asked_and_answered(tmp_path: Path) -> None:
    def answers(core: Core) -> list[bytes]:
        requests = core.requests(core.seed, COUNT)
        folder = cores.lay_out(tmp_path / core.name, core, requests)
        said = cpython.run_file(folder).splitlines()
        return [bytes.fromhex(line.split()[0]).lstrip(b"\xfe") for line in said if line != "-"]

    for core in CORES:
        (tmp_path / core.name).mkdir()
    old, new = answers(CORES[1]), answers(CORES[2])
    # 645: read and done, by class; in parts; their parts
    read = [bytes((byte - 0x33) & 0xFF for byte in one[10:-2]) for one in old if one[8] == 0x91]
    assert {0, 1, 2, 3, 4, 5, 6} <= {data[3] for data in read}
    assert sum(data[3] == 6 and data[4:6] == b"\xa0\xa0" for data in read) > 10
    assert {0x91, 0xB1, 0x92, 0xB2, 0xD1, 0x94, 0xD4} <= {one[8] for one in old}
    # 698: fragments, and GET Next with a block that is the last one
    assert sum(one[3] & 0x20 > 0 for one in new) > 50
    assert sum(one[3] & 0x20 > 0 and one[16:18] == b"\x85\5" for one in new) > 5
    assert {b"\x85\x01", b"\x85\x02", b"\x85\x03", b"\x86\x01"} <= {one[14:16] for one in new}


@on_vm
def test_what_micropython_lacks_in_code_of_the_past_is_found_with_the_request(
    tmp_path: Path,
) -> None:
    root = tmp_path / "root"
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns("__pycache__"))
    path = root / "meter645" / "records.py"
    text = path.read_text(encoding="utf-8")
    old = "    out[at] = out[at + 1] = MARK\n"
    assert text.count(old) == 1, f"{path} no longer says {old!r}: plant it elsewhere"
    # CPython looks a number up in a bytearray
    text = text.replace(old, old + "    assert MARK in out\n")
    path.write_text(text, encoding="utf-8")
    assert findings(text) == []
    core = CORES[1]
    requests = list(core.requests(core.seed, 200))
    (tmp_path / "board").mkdir()
    folder = cores.lay_out(tmp_path / "board", core, requests, root)
    found = cores.difference(requests, cpython.run_file(folder), wasi.run_file(folder))
    assert found.startswith("asked ")
    assert found.endswith("+ NotImplementedError")
