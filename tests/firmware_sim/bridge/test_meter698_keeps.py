"""A DL/T 698.45 meter on a pty whose power goes: it comes back as a programmer has set it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import serial

from cext.framing698 import Scanner698
from protocol.dlt698 import requests as ask
from protocol.dlt698.apdu import Apdu, parse
from protocol.dlt698.axdr import Data
from protocol.dlt698.parts import Password, Result
from tests.firmware_sim.bridge.running import WAIT_S, running, until
from tests.firmware_sim.bridge.test_control import Desk, desk
from tests.firmware_sim.bridge.test_meter698_on_pty import BAUD, HOUSE, SITE
from tests.firmware_sim.firmware.bench698 import frame

__all__ = ["desk"]

OTHER = "370112109999"
ASSET, ADDRESS, LOCKED = 0x41030200, 0x40010200, 1
OCTETS, TEXT = 0x09, 0x0A
KEY = Password(b"00000000")


@contextmanager
def line(folder: Path, desk: Desk) -> Iterator[serial.Serial]:
    """The line of that meter, with a hand on its power."""
    with (
        running(folder, ("b1",), control=desk.control, place=SITE),
        serial.Serial(str(folder / "b1"), BAUD, timeout=WAIT_S) as port,
    ):
        yield port


def serve(port: serial.Serial, apdu: bytes, number: str = HOUSE) -> Apdu:
    """A request and what its answer's APDU says."""
    port.write(frame(apdu, number))
    scanner = Scanner698()
    got: list[Any] = []

    def whole() -> bool:
        if (found := scanner.feed(port.read(1))) is not None:
            got.append(found)
        return bool(got)

    until(whole)
    said = parse(got[0].data)
    assert isinstance(said, Apdu)
    return said


def value(port: serial.Serial, oad: int, number: str = HOUSE) -> Any:
    """An attribute's Data."""
    (one,) = serve(port, ask.encode_get(oad), number).results
    assert isinstance(one, Result)
    assert isinstance(one.outcome, Data)
    return one.outcome.value


def test_what_a_698_meter_was_set_to_outlives_its_power(tmp_path: Path, desk: Desk) -> None:
    with line(tmp_path, desk) as port:
        assert serve(port, ask.encode_connect(KEY)).body["result"] == 0
        for oad, data in (
            (ASSET, Data(TEXT, b"B1-101")),
            (ADDRESS, Data(OCTETS, bytes.fromhex(OTHER))),
        ):
            assert serve(port, ask.encode_set(oad, data)).body["items"][0].dar == 0
        desk.say(f"break meter {HOUSE}", f"mend meter {HOUSE}")
        assert value(port, ASSET, OTHER) == b"B1-101"
        assert value(port, ADDRESS, OTHER) == bytes.fromhex(OTHER)
        # what the connection allowed has gone with the power
        again = ask.encode_set(ADDRESS, Data(OCTETS, bytes.fromhex(HOUSE)))
        assert serve(port, again, OTHER).body["items"][0].dar == 3


def test_wrong_passwords_lock_it_through_a_power_off(tmp_path: Path, desk: Desk) -> None:
    with line(tmp_path, desk) as port:
        for _ in range(5):
            said = serve(port, ask.encode_connect(Password(b"11111111")))
            assert said.body["result"] == LOCKED
        desk.say(f"break meter {HOUSE}", f"mend meter {HOUSE}")
        assert serve(port, ask.encode_connect(KEY)).body["result"] == LOCKED
