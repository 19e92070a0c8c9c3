"""From the declared world to work: what a sweep of each line asks, of whom, in which order."""

import msgspec

from edge.plan.build import asked, devices, readable, unreadable
from tests.edge.analysis.parts import xiyuan

SITE = xiyuan()


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


def test_a_meter_of_another_protocol_is_left_out_and_named() -> None:
    first, *rest = SITE.meters
    foreign = msgspec.structs.replace(first, protocol="dlt698")
    site = msgspec.structs.replace(SITE, meters=(foreign, *rest))
    assert unreadable(site, "b1") == (foreign,)
    assert first.id not in devices(site, "b1")
    assert len(readable(site, "b1")) == 47
