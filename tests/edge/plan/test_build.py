"""From the declared world to work: what a sweep of each line asks, of whom, in which order."""

import pytest
from msgspec.structs import replace

from edge.plan.build import SPOKEN, asked, devices, readable, unreadable
from edge.site.model import Site
from edge.words import BoxgateError
from protocol.exchange import DLT645, DLT698, MODBUS
from protocol.modbus.table import blocks
from tests.edge.analysis.parts import xiyuan

MIXED = xiyuan()
SITE = replace(
    MIXED,
    meters=tuple(
        replace(meter, protocol=DLT645, profile="1ph-2013") if meter.protocol == DLT698 else meter
        for meter in MIXED.meters
    ),
)
"""xiyuan-5 before its first meters were changed for new ones."""


def test_a_line_is_its_meters_in_the_order_of_the_site_and_then_its_tmus() -> None:
    due = devices(SITE, "station")
    assert due == (*(meter.id for meter in SITE.meters_on("station")), "tmu1", "tmu2")
    assert len(devices(SITE, "b5")) == 60


def test_a_tmu_is_asked_for_its_registers_in_one_question() -> None:
    rows = {row.meter: row.exchanges for row in asked(SITE, SITE.line("station"))}
    assert tuple(rows) == devices(SITE, "station")
    (question,) = rows["tmu2"]
    assert (question.address, question.item) == ("tmu2", "04:0000:0011")
    assert question.start().data[0] == 2


def changed(**fields: object) -> Site:
    """The site with its first meter so."""
    first, *rest = SITE.meters
    return replace(SITE, meters=(replace(first, **fields), *rest))


def test_a_meter_of_a_protocol_not_spoken_is_left_out_and_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(SPOKEN, DLT698)
    site = changed(protocol=DLT698)
    assert unreadable(site, "b1") == (site.meters[0],)
    assert site.meters[0].id not in devices(site, "b1")
    assert len(readable(site, "b1")) == 47


def test_a_698_meter_is_asked_for_all_in_one_list() -> None:
    site = changed(protocol=DLT698, profile="1ph-2020")
    *_, last = asked(site, site.line("b1"))
    (question,) = last.exchanges
    assert (last.meter, question.address) == (site.meters[0].id, site.meters[0].id)
    assert question.item == "20000201,20010201,20040201,200A0201,00100201"
    assert question.start().protocol == DLT698


def test_a_modbus_meter_is_asked_for_the_registers_of_its_map_at_its_unit() -> None:
    site = changed(protocol=MODBUS, profile="schneider-pm5", unit=21)
    *_, last = asked(site, site.line("b1"))
    assert last.meter == site.meters[0].id
    assert [question.item for question in last.exchanges] == [
        block.text for block in blocks("schneider-pm5")
    ]
    for question in last.exchanges:
        assert question.address == site.meters[0].id
        assert (question.start().data[0], question.start().protocol) == (21, MODBUS)


def test_meters_of_one_protocol_are_read_together_each_group_in_the_order_of_the_site() -> None:
    mixed = tuple(
        replace(meter, protocol=(DLT698, DLT645, MODBUS)[place % 3])
        for place, meter in enumerate(SITE.meters_on("b1"))
    )
    site = replace(SITE, meters=mixed)
    order = devices(site, "b1")
    assert order == tuple(
        meter.id for name in (DLT645, DLT698, MODBUS) for meter in mixed if meter.protocol == name
    )


def test_a_tmu_is_asked_by_the_map_that_the_site_gives_it() -> None:
    tmus = tuple(replace(tmu, map="bwd-k") for tmu in SITE.tmus)
    rows = {
        row.meter: row.exchanges for row in asked(replace(SITE, tmus=tmus), SITE.line("station"))
    }
    assert [question.item for question in rows["tmu2"]] == [block.text for block in blocks("bwd-k")]


@pytest.mark.parametrize("protocol", [DLT645, DLT698, MODBUS])
def test_a_profile_without_items_is_refused_by_name(protocol: str) -> None:
    site = changed(protocol=protocol, profile="no-such", unit=3)
    with pytest.raises(BoxgateError, match="no-such"):
        asked(site, site.line("b1"))
