"""Collect: any identifier's answer whole, follow-ups joined, and nothing that is not it."""

from cext.framing import Frame645, Scanner645
from edge.cli.collect import Collect
from protocol.exchange import Again, Done, NotMine, Refused
from tests.edge.wire645 import frame

A = "123456789012"
ITEM = 0x0000FF00
DI = ITEM.to_bytes(4, "little")


def heard(address: str, control: int, data: bytes) -> Frame645:
    found = Scanner645().feed(frame(address, control, data))
    assert found is not None
    return found


def asked() -> Collect:
    exchange = Collect(A, ITEM)
    assert exchange.start().data == frame(A, 0x11, DI)
    return exchange


def test_one_frame_is_the_whole_answer() -> None:
    exchange = asked()
    assert isinstance(exchange.on_frame(heard(A, 0x91, DI + b"\x01\x02")), Done)
    assert (exchange.data, exchange.frames) == (b"\x01\x02", 1)


def test_follow_up_frames_are_asked_in_order_and_joined_without_their_numbers() -> None:
    exchange = asked()
    again = exchange.on_frame(heard(A, 0xB1, DI + b"\x01"))
    assert isinstance(again, Again)
    assert again.request.data == frame(A, 0x12, DI + b"\x01")
    again = exchange.on_frame(heard(A, 0xB2, DI + b"\x02\x01"))
    assert isinstance(again, Again)
    assert again.request.data == frame(A, 0x12, DI + b"\x02")
    assert isinstance(exchange.on_frame(heard(A, 0x92, DI + b"\x03\x02")), Done)
    assert (exchange.data, exchange.frames) == (b"\x01\x02\x03", 3)


def test_what_is_not_the_answer_changes_nothing() -> None:
    exchange = asked()
    exchange.on_frame(heard(A, 0xB1, DI + b"\x01"))
    strangers = {
        "echo": heard(A, 0x12, DI + b"\x01"),
        "address": heard("000000000001", 0x92, DI + b"\x02\x01"),
        "function": heard(A, 0x91, DI + b"\x02\x01"),
        "identifier": heard(A, 0x92, b"\x00" * 4 + b"\x02\x01"),
        "sequence": heard(A, 0x92, DI + b"\x02\x07"),
    }
    for why, stranger in strangers.items():
        assert exchange.on_frame(stranger) == NotMine(why)
    assert isinstance(exchange.on_frame(heard(A, 0x92, DI + b"\x02\x01")), Done)
    assert exchange.data == b"\x01\x02"


def test_an_error_answer_is_kept_whole() -> None:
    exchange = asked()
    verdict = exchange.on_frame(heard(A, 0xD1, b"\x02"))
    assert verdict == Refused(2, "no requested data")
    assert exchange.last is not None
    assert exchange.last.control == 0xD1


def test_a_new_start_forgets_what_was_collected() -> None:
    exchange = asked()
    exchange.on_frame(heard(A, 0xB1, DI + b"\x01"))
    exchange.start()
    assert isinstance(exchange.on_frame(heard(A, 0x91, DI + b"\x09")), Done)
    assert (exchange.data, exchange.frames) == (b"\x09", 1)
    exchange.start()
    assert (exchange.data, exchange.last) == (None, None)


def test_an_answer_that_never_ends_is_given_up() -> None:
    exchange = asked()
    verdict = exchange.on_frame(heard(A, 0xB1, DI + b"\x01"))
    number = 1
    while isinstance(verdict, Again):
        verdict = exchange.on_frame(heard(A, 0xB2, DI + b"\x01" + bytes((number,))))
        number += 1
    assert verdict == NotMine("sequence")
    assert number == 256


def test_an_abbreviated_address_takes_the_answer_of_the_true_one() -> None:
    exchange = Collect("AAAAAAAA9012", ITEM)
    exchange.start()
    assert exchange.on_frame(heard("123456789013", 0x91, DI + b"\x01")) == NotMine("address")
    assert isinstance(exchange.on_frame(heard(A, 0x91, DI + b"\x01")), Done)
