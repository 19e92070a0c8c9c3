"""The image that outlives the power: whatever the instant of a cut, it is the old or the new."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.hal.board import PowerOff
from firmware_sim.hal.flash import Flash
from firmware_sim.hal.loader import firmware
from firmware_sim.hal.rp2 import BlockDevice

SIZE = 300
LAYOUT = 7
SCRIPT = [
    {0: b"\x01"},
    {0: b"\x02\x03", 250: b"across a page of the image"},
    {299: b"\x09"},
    {10: bytes(range(200)), 290: b"ten of them"[:10]},
    {0: b"\xff\xff", 100: b"\x00" * 150},
    {5: b"\x5a" * 20},
    {0: bytes(300)},
    {7: b"\xff"},
]
"""Commits one after the other: what is put where."""


def flash() -> Flash:
    """Two areas of two pages' snapshot and two pages of changes."""
    return Flash(count=2, block=1024)


def nv(on: Flash, layout: int = LAYOUT, size: int = SIZE) -> Any:
    """The image on a flash, as at power-on."""
    return firmware("lib.nv").Nv(BlockDevice(on), layout, size)


def shown(one: Any) -> bytes:
    """The whole image."""
    buf = bytearray(one.size)
    one.get(0, buf)
    return bytes(buf)


def change(one: Any, what: dict[int, bytes]) -> bool:
    """One commit."""
    for at, data in what.items():
        one.put(at, bytearray(data))
    return bool(one.commit())


def after(image: bytes, what: dict[int, bytes]) -> bytes:
    """What the image is then."""
    new = bytearray(image)
    for at, data in what.items():
        new[at : at + len(data)] = data
    return bytes(new)


def cuts(before: Flash, what: dict[int, bytes], torn: int) -> list[Flash]:
    """The flash after a cut at each byte of a commit in turn."""
    found = []
    for n in range(20_000):
        one = deepcopy(before)
        image = nv(one)
        one.cut, one.torn = n, torn
        try:
            change(image, what)
        except PowerOff:
            one.cut = None
            found.append(one)
        else:
            return found
    raise AssertionError("a commit without an end")


def test_an_empty_flash_has_no_image_and_no_fault() -> None:
    one = nv(flash())
    assert (one.found, one.fault, one.generation, shown(one)) == (False, False, 0, bytes(SIZE))


def test_what_was_committed_stands_there_after_every_start() -> None:
    on = flash()
    image = bytes(SIZE)
    for what in SCRIPT * 3:
        assert change(nv(on), what)
        image = after(image, what)
        again = nv(on)
        assert (shown(again), again.found, again.fault) == (image, True, False)


def test_what_was_put_and_not_committed_is_gone() -> None:
    on = flash()
    one = nv(on)
    change(one, SCRIPT[0])
    one.put(3, bytearray(b"lost"))
    assert shown(nv(on)) == after(bytes(SIZE), SCRIPT[0])


@pytest.mark.parametrize("torn", [0x00, 0x0F, 0xA5])
def test_a_cut_at_any_byte_leaves_the_image_of_before_or_after(torn: int) -> None:
    on = flash()
    image = bytes(SIZE)
    seen = 0
    for what in SCRIPT:
        new = after(image, what)
        for cut in cuts(on, what, torn):
            again = nv(cut)
            assert shown(again) in (image, new)
            assert not again.fault
            # and it goes on from there
            assert change(again, {40: b"go on"})
            assert shown(nv(cut)) == shown(again)
            seen += 1
        assert change(nv(on), what)
        image = new
    # two erases of a full area among them
    assert seen > 1_500


def test_of_two_cuts_in_a_row_each_leaves_a_whole_image() -> None:
    on = flash()
    for what in SCRIPT[:3]:
        change(nv(on), what)
    image, what = shown(nv(on)), SCRIPT[3]
    new = after(image, what)
    seen = 0
    for first in cuts(on, what, 0x0F)[::40]:
        if shown(nv(first)) == new:
            continue
        for second in cuts(first, what, 0xA5)[::40]:
            assert shown(nv(second)) in (image, new)
            seen += 1
    assert seen > 50


@settings(max_examples=40)
@given(
    commits=st.lists(
        st.dictionaries(
            st.integers(0, SIZE - 1), st.binary(min_size=1, max_size=40), min_size=1, max_size=3
        ),
        min_size=1,
        max_size=6,
    ),
    cut=st.integers(0, 3000),
    torn=st.integers(0, 255),
)
def test_any_changes_and_any_cut(commits: list[dict[int, bytes]], cut: int, torn: int) -> None:
    on = flash()
    one = nv(on)
    images = [bytes(SIZE)]
    on.cut, on.torn = cut, torn
    try:
        for what in commits:
            cropped = {at: data[: SIZE - at] for at, data in what.items()}
            images.append(after(images[-1], cropped))
            change(one, cropped)
    except PowerOff:
        on.cut = None
        assert shown(nv(on)) in images[-2:]
    else:
        assert shown(nv(on)) == images[-1]


@given(st.binary(max_size=2048), st.integers(0, 2047))
def test_whatever_stands_in_the_flash_nothing_is_raised_and_it_can_be_written(
    junk: bytes, at: int
) -> None:
    on = flash()
    on.data[at : at + len(junk)] = junk[: 2048 - at]
    one = nv(on)
    assert len(shown(one)) == SIZE
    assert change(one, {0: b"\x01\x02\x03"})
    assert shown(nv(on))[:3] == b"\x01\x02\x03"


@pytest.mark.parametrize("at", [1, 3, 6, 8, 200, 8 + SIZE, 9 + SIZE])
def test_a_snapshot_that_has_gone_bad_is_not_believed_and_is_a_fault(at: int) -> None:
    on = flash()
    change(nv(on), SCRIPT[0])
    on.data[at] ^= 0x04
    one = nv(on)
    assert (one.found, one.fault, shown(one)) == (False, True, bytes(SIZE))


def test_a_change_that_has_gone_bad_takes_the_later_ones_with_it() -> None:
    on = flash()
    for what in SCRIPT[:3]:
        change(nv(on), what)
    on.data[512 + 12] ^= 0x01
    one = nv(on)
    assert (one.fault, shown(one)) == (True, after(bytes(SIZE), SCRIPT[0]))
    assert change(one, {1: b"\x77"})
    again = nv(on)
    assert (again.fault, again.generation) == (False, 2)


def test_a_change_beyond_the_image_is_a_fault_whatever_its_crc_says() -> None:
    on = flash()
    change(nv(on), SCRIPT[0])
    record = bytes((0x50, LAYOUT, 0, 0, 1, 0, 5)) + (SIZE).to_bytes(2) + b"\x00\x01\x99"
    crc = firmware("lib.crc16").crc16(record, 0, len(record))
    on.data[512 : 512 + 3 + len(record)] = b"\x5a" + record + crc.to_bytes(2, "little")
    one = nv(on)
    assert (one.fault, shown(one)) == (True, after(bytes(SIZE), SCRIPT[0]))


def test_an_image_of_another_layout_or_size_is_not_ours() -> None:
    on = flash()
    change(nv(on), SCRIPT[0])
    assert not nv(on, layout=LAYOUT + 1).found
    assert not nv(on, size=SIZE - 1).found


def test_a_worn_page_is_passed_over_and_the_change_is_kept() -> None:
    on = flash()
    change(nv(on), SCRIPT[0])
    on.stuck = frozenset(range(512, 768))
    assert change(nv(on), SCRIPT[1])
    again = nv(on)
    assert (shown(again), again.generation) == (after(after(bytes(SIZE), SCRIPT[0]), SCRIPT[1]), 2)


def test_a_flash_that_takes_nothing_more_says_so_and_keeps_what_it_has() -> None:
    on = flash()
    one = nv(on)
    change(one, SCRIPT[0])
    on.stuck = frozenset(range(2048))
    assert not change(one, SCRIPT[1])
    assert one.fault
    assert shown(one) == after(after(bytes(SIZE), SCRIPT[0]), SCRIPT[1])
    assert shown(nv(on)) == after(bytes(SIZE), SCRIPT[0])
    # and what it did not take is written with the next, when it takes something again
    on.stuck = frozenset()
    assert change(one, {299: b"\x01"})
    assert shown(nv(on)) == shown(one)


def test_what_is_the_same_is_not_written() -> None:
    on = flash()
    one = nv(on)
    change(one, SCRIPT[1])
    before = on.programmed
    assert change(one, SCRIPT[1])
    assert on.programmed == before


def test_a_device_that_fails_is_a_fault_and_no_exception() -> None:
    class Failing(BlockDevice):
        def readblocks(self, block_num: int, buf: Any, offset: int = 0) -> None:
            raise OSError(5)

    one = firmware("lib.nv").Nv(Failing(flash()), LAYOUT, SIZE)
    assert (one.found, one.fault) == (False, True)
    assert not change(one, SCRIPT[0])


def test_a_device_that_is_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="too small"):
        nv(Flash(count=1, block=1024))


def test_wear_is_shared_by_both_areas_and_is_what_the_generation_says() -> None:
    on = Flash(count=2, block=1024)
    one = nv(on)
    for n in range(300):
        assert change(one, {n % SIZE: bytes([n & 0xFF ^ 0x80])})
    # a snapshot and two changes an area
    assert one.generation == 100
    assert on.erased == [50, 50]


def test_a_page_that_a_cut_left_half_done_is_not_programmed_again() -> None:
    on = flash()
    change(nv(on), SCRIPT[0])
    cut = cuts(on, {3: b"\x10"}, 0x0F)[3]
    page = cut.data[512:768]
    assert page != b"\xff" * 256
    pages = cut.programmed
    assert change(nv(cut), {3: b"\x10"})
    assert cut.data[512:768] == page
    # the snapshot's two pages and the seal, and no try before
    assert cut.programmed - pages == 3


def test_what_a_flash_does_not_take_does_not_pile_up() -> None:
    on = flash()
    one = nv(on)
    on.stuck = frozenset(range(len(on.data)))
    for n in range(1000):
        one.put(n % SIZE, bytes((n % 250 + 1,)))
        assert not one.commit()
    assert len(one._changed) <= 64
    on.stuck = frozenset()
    assert one.commit()
    found = bytearray(SIZE)
    nv(on).get(0, found)
    mine = bytearray(SIZE)
    one.get(0, mine)
    assert found == mine
