"""A small site built in code: two lines, three meters each, and a meter on a CT."""

from edge.site.model import Box, Building, Feeder, Gateway, Line, Meter, Site, Tmu, Transformer

LINES = ("b1", "b2")


def number(line: int, meter: int) -> str:
    """The number of a household meter of `site`."""
    return f"3701121{line}{meter:04d}"


def site(meters: int = 3, baud: int = 9600, tmus: tuple[Tmu, ...] = ()) -> Site:
    """A neighbourhood of two buildings, `meters` households on each line, one on each phase."""
    households = tuple(
        Meter(
            id=number(line, meter),
            kind="household",
            line=f"b{line}",
            profile="1ph-2013",
            phase="ABC"[meter % 3],  # type: ignore[arg-type]
            box=f"x{line}",
            household=f"h{line}-{meter}",
        )
        for line in (1, 2)
        for meter in range(1, meters + 1)
    )
    feeder = Meter(
        id="370112900001",
        kind="feeder",
        line="b2",
        profile="3ph",
        phase="ABC",
        feeder="f1",
        ct_primary=400,
        ct_secondary=5,
    )
    master = Meter(
        id="370112900002",
        kind="master",
        line="b2",
        profile="3ph",
        phase="ABC",
        transformer="t1",
        ct_primary=800,
        ct_secondary=5,
    )
    return Site(
        id="desk",
        timezone="Asia/Shanghai",
        period_s=60,
        transformers=(
            Transformer(
                id="t1",
                rated_kva=400,
                vector_group="Dyn11",
                no_load_loss_w=410,
                load_loss_w=4520,
                impedance_percent=4,
            ),
        ),
        feeders=tuple(
            Feeder(id=f"f{n}", transformer="t1", conductor="AL240", length_m=100) for n in (1, 2)
        ),
        buildings=tuple(Building(id=f"h{n}", feeder=f"f{n}", stairwells=1) for n in (1, 2)),
        boxes=tuple(Box(id=f"x{n}", building=f"h{n}", stairwell=1) for n in (1, 2)),
        lines=tuple(Line(id=f"b{n}", baud=baud) for n in (1, 2)),
        tmus=tmus,
        gateways=(Gateway(id="g1", lines=LINES),),
        responsibilities=(),
        meters=(*households, feeder, master),
        digest="0" * 16,
    )
