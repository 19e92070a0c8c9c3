"""What a sweep asks of a profile, and what `check` reckons a sweep to take, are one thing."""

import msgspec
import pytest

import edge.plan.profiles
import edge.site.fields
from edge.plan.build import SPOKEN
from edge.site.fields import Profile
from edge.site.model import Line, Meter
from protocol.exchange import Exchange
from protocol.modbus.table import kinds
from protocol.quantity import Quantity

LINE = Line(id="b1")
ROWS = edge.site.fields.profiles()
METERS = [p for p in ROWS.values() if p.kind == "meter" and p.protocol in SPOKEN]


def exchanges(profile: Profile) -> tuple[Exchange, ...]:
    """What a sweep asks of a meter of this profile."""
    row = {
        "id": "000000000001",
        "kind": "household",
        "line": "b1",
        "profile": profile.name,
        "protocol": profile.protocol,
        "phase": profile.phases[0],
        "unit": 1,
    }
    meter = msgspec.convert(row, Meter)
    return SPOKEN[profile.protocol](LINE, meter)


def wire_bytes(asked: tuple[Exchange, ...]) -> int:
    """Of all requests and the answers expected."""
    requests = [exchange.start() for exchange in asked]
    return sum(len(request.data) + request.answer_bytes for request in requests)


@pytest.mark.parametrize("profile", METERS, ids=lambda p: f"{p.name} {p.protocol}")
def test_the_sweep_time_of_check_counts_the_exchanges_that_the_sweep_makes(
    profile: Profile,
) -> None:
    asked = exchanges(profile)
    assert len(asked) == profile.exchanges
    # 645 answers are reckoned as of one length, the others are the sum of all
    within = 0.1 if profile.protocol == "dlt645" else 0
    assert wire_bytes(asked) == pytest.approx(profile.wire_bytes, rel=within)


def test_check_knows_the_register_maps_that_there_are_and_what_they_are_of() -> None:
    known = {p.name: p.kind for p in ROWS.values() if p.protocol == "modbus"}
    assert known == kinds()


def test_every_profile_of_check_but_a_map_has_its_items_and_no_other() -> None:
    known = {key for key, profile in ROWS.items() if profile.protocol != "modbus"}
    assert known == set(edge.plan.profiles.profiles())


@pytest.mark.parametrize("profile", [p for p in METERS if p.protocol == "dlt698"])
def test_a_meter_is_asked_for_the_same_by_645_and_698(profile: Profile) -> None:
    like = {"1ph-2020": "1ph-2013"}.get(profile.name, profile.name)
    other = exchanges(ROWS[like, "dlt645"])
    (question,) = exchanges(profile)
    assert set(question.quantities) == set(_all(other))
    assert len(question.quantities) == len(_all(other))


def _all(asked: tuple[Exchange, ...]) -> list[Quantity]:
    return [quantity for exchange in asked for quantity in exchange.quantities]
