"""A flash takes its time, is cut where it stands, and what comes meanwhile waits in the UART."""

from itertools import pairwise

import pytest

from firmware_sim.clock import Clock
from firmware_sim.hal.board import Board, PowerOff, WatchdogReset
from firmware_sim.hal.flash import Flash
from firmware_sim.hal.flash_time import ERASE_NS, PROGRAM_NS, BoardFlash
from firmware_sim.hal.ports import PORTS
from firmware_sim.hal.rp2 import BlockDevice, esp32_module

MS = 1_000_000
DARK = bytes(256)


def board(until: int, port: str = "rp2040") -> Board:
    """A board that is switched on at 0."""
    one = Board(Clock(), until=until, port=PORTS[port])
    one.journal = []
    return one


def test_programming_takes_half_a_millisecond_a_page_and_erasing_fifty_a_block() -> None:
    one = board(1000 * MS)
    flash = BoardFlash(one, Flash())
    flash.program(256, DARK * 3)
    assert one.clock.now == 3 * PROGRAM_NS == 1_500_000
    flash.erase(0)
    assert one.clock.now == 3 * PROGRAM_NS + ERASE_NS == 51_500_000


@pytest.mark.parametrize("part", [0, 1, 37, 128, 255])
def test_a_cut_leaves_the_share_of_a_page_that_its_time_has_reached(part: int) -> None:
    flash = Flash()
    one = board(5 * MS + -(-part * PROGRAM_NS // 256))
    one.clock.run_until(5 * MS)
    with pytest.raises(PowerOff):
        BoardFlash(one, flash).program(0, DARK)
    assert flash.data[:part] == bytes(part)
    assert flash.data[part + 1 : 256] == b"\xff" * (255 - part)
    assert flash.cut is None


def test_the_one_byte_of_a_seal_is_programmed_bit_by_bit_all_the_time_it_takes() -> None:
    seen = []
    for at in range(PROGRAM_NS // 50, PROGRAM_NS, PROGRAM_NS // 50):
        flash = Flash()
        with pytest.raises(PowerOff):
            BoardFlash(board(at), flash).program(0, b"\0" + b"\xff" * 255)
        seen.append(flash.data[0])
        assert flash.data[1:256] == b"\xff" * 255
    assert all(later & before == later for before, later in pairwise(seen))
    assert [byte.bit_count() for byte in sorted(set(seen))] == list(range(9))


def test_the_bits_of_another_byte_go_in_another_order() -> None:
    seen = set()
    for place in range(8):
        flash = Flash()
        with pytest.raises(PowerOff):
            BoardFlash(board((2 * place + 1) * PROGRAM_NS // 512 + 1), flash).program(0, DARK)
        seen.add(flash.data[place])
    assert len(seen) == 8


def test_a_block_that_is_cut_while_it_is_erased_is_blank_in_front_and_old_behind() -> None:
    flash = Flash()
    flash.data[:4096] = bytes(4096)
    one = board(ERASE_NS // 4)
    with pytest.raises(PowerOff):
        BoardFlash(one, flash).erase(0)
    assert flash.data[:1024] == b"\xff" * 1024
    assert flash.data[1025:4096] == bytes(4096 - 1025)
    assert one.journal is not None
    assert [what for _, what, _ in one.journal] == ["erase", "cut in erase"]
    assert one.journal[-1][2][:2] == (1024, 4096)


def test_a_watchdog_that_bites_meanwhile_does_not_stop_the_part() -> None:
    flash = Flash()
    flash.data[:4096] = bytes(4096)
    one = board(1000 * MS)
    one.start_watchdog(30)
    with pytest.raises(WatchdogReset):
        BoardFlash(one, flash).erase(0)
    assert flash.data[:4096] == b"\xff" * 4096


@pytest.mark.parametrize(("port", "kept"), [("rp2040", 32), ("esp32", 128), ("host", 140)])
def test_of_what_comes_during_an_erase_the_uart_keeps_what_its_fifo_holds(
    port: str, kept: int
) -> None:
    one = board(1000 * MS, port)
    one.listen(bytes(140), 0, 38400)
    BoardFlash(one, Flash()).erase(0)
    assert (one.any(), one.lost) == (kept, 140 - kept)


@pytest.mark.parametrize("port", ["rp2040", "esp32"])
def test_what_came_in_full_during_an_erase_is_seen_when_it_is_over(port: str) -> None:
    one = board(1000 * MS, port)
    one.listen(b"abc", 0, 9600)
    BoardFlash(one, Flash()).erase(0)
    assert one.received == b"abc"


def test_what_is_still_coming_when_an_erase_is_over_is_seen_behind_its_silence() -> None:
    one = board(1000 * MS)
    one.listen(b"ab", 49 * MS - 11 * 2 * 1_000_000_000 // 9600, 9600)
    BoardFlash(one, Flash()).erase(0)
    assert one.received == b""
    one.wait(100 * MS, lambda: bool(one.received))
    assert one.received == b"ab"
    assert one.clock.now == 49 * MS + 32 * 1_000_000_000 // 9600


def test_what_no_flash_takes_costs_no_time() -> None:
    one = board(1000 * MS)
    flash = BoardFlash(one, Flash())
    with pytest.raises(ValueError, match="page"):
        flash.program(1, DARK)
    with pytest.raises(OSError, match="5"):
        flash.erase(4)
    with pytest.raises(OSError, match="5"):
        flash.read(4 * 4096, 1)
    assert one.clock.now == 0


def test_a_silence_within_an_erase_empties_no_fifo() -> None:
    one = board(1000 * MS)
    one.listen(bytes(20), 0, 115200)
    # far more than 32 bits of silence later
    one.listen(bytes(20), 20 * MS, 115200)
    BoardFlash(one, Flash()).erase(0)
    assert (one.any(), one.lost) == (32, 8)


def test_programming_takes_bits_away_and_gives_none_back() -> None:
    flash = Flash()
    BoardFlash(board(1000 * MS), flash).program(0, b"\x0f" * 256)
    BoardFlash(board(1000 * MS), flash).program(0, b"\xf3" * 256)
    assert flash.data[:256] == b"\x03" * 256


def test_blocks_written_without_an_offset_are_erased_before() -> None:
    flash = Flash()
    flash.data[:] = bytes(len(flash.data))
    device = BlockDevice(flash)
    device.writeblocks(1, b"\x5a" * 8192)
    assert flash.data == bytes(4096) + b"\x5a" * 8192 + bytes(4096)
    device.writeblocks(1, b"\x0f" * 256, 256)
    assert flash.data[4096 + 256 : 4096 + 512] == b"\x0a" * 256


def test_esp32_has_one_partition_for_data_under_our_name() -> None:
    find = esp32_module(Flash(), "boxgate").Partition.find
    assert [len(find(1)), len(find(1, label="boxgate"))] == [1, 1]
    assert find(0, label="boxgate") == find(1, label="other") == []
