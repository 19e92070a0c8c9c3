"""What a broker might say of a site like xiyuan-5 at 19:40: fixed messages, no chance in them."""

import msgspec

from protocol.uplink.batch import Batch
from protocol.uplink.event import Event, event_payload
from protocol.uplink.site import (
    CardDevices,
    CardFeeder,
    CardLine,
    CardTransformer,
    SiteCard,
    site_payload,
)
from protocol.uplink.state import LineHealth, State, state_payload

NOW = 1_800_013_210_000
"""2027-01-15 19:40:10 in Asia/Shanghai."""
EPOCH = "3f9c2a71d0b84e65"
SITE, GATEWAY = "xiyuan-5", "gw1"
FEEDER_OF = {"B1": "F1", "B2": "F2", "B3": "F3", "B4": "F4", "B5": "F5"}
TRANSFORMER_OF = {"F1": "T1", "F2": "T1", "F3": "T2", "F4": "T2", "F5": "T2"}
STAIRS = {"B1": 4, "B2": 4, "B3": 4, "B4": 4, "B5": 5}
LINES = ("b1", "b2", "b3", "b4", "b5", "station")

Said = tuple[str, bytes]
"""Topic and payload."""


def topic(kind: str, gateway: str = GATEWAY, site: str = SITE) -> str:
    """A topic of the gateway."""
    return f"boxgate/1/{site}/{gateway}/{kind}"


def households() -> list[tuple[str, str, str, str]]:
    """Meter, line, phase, place of all 252."""
    found: list[tuple[str, str, str, str]] = []
    for building, stairs in STAIRS.items():
        feeder = FEEDER_OF[building]
        for stair in range(1, stairs + 1):
            for _ in range(12):
                place = f"{TRANSFORMER_OF[feeder]}/{feeder}/{building}/{building}-{stair}"
                meter = f"370112100{len(found) + 1:03d}"
                found.append((meter, building.lower(), "ABC"[len(found) % 3], place))
    return found


def stations() -> list[tuple[str, str, str]]:
    """Id, kind, place of what is on the station line."""
    masters = [(f"37011290000{n}", "master", f"T{n}") for n in (1, 2)]
    own = [(f"37011291000{n}", "feeder", f"{TRANSFORMER_OF[f'F{n}']}/F{n}") for n in range(1, 6)]
    public = [(f"37011292000{n}", "public", f"{TRANSFORMER_OF[f'F{n}']}/F{n}") for n in range(1, 6)]
    return [*masters, *own, *public, ("tmu1", "tmu", "T1"), ("tmu2", "tmu", "T2")]


def card(gateway: str = GATEWAY, site: str = SITE, name: str = "西苑5号小区") -> Said:
    """The site card."""
    rows = [(meter, "household", line, phase, place) for meter, line, phase, place in households()]
    phases = {"tmu": "", "public": "A"}
    rows += [(i, kind, "station", phases.get(kind, "ABC"), at) for i, kind, at in stations()]
    ids, kinds, lines, on, places = (list(column) for column in zip(*rows, strict=True))
    devices = msgspec.convert(
        {"id": ids, "kind": kinds, "line": lines, "phase": on, "place": places}, CardDevices
    )
    whole = SiteCard(
        site=site,
        name=name,
        gateway=gateway,
        config="9c41d2aa07be1f30",
        timezone="Asia/Shanghai",
        period_s=60,
        transformers=[
            CardTransformer(id="T1", name="1号变", rated_kva=400),
            CardTransformer(id="T2", name="2号变", rated_kva=630),
        ],
        feeders=[CardFeeder(id=f, transformer=t) for f, t in TRANSFORMER_OF.items()],
        lines=[CardLine(id=line) for line in LINES],
        devices=devices,
    )
    return topic("site", gateway, site), site_payload(whole)


def state(gateway: str = GATEWAY, site: str = SITE, **change: object) -> Said:
    """The gateway is online; line b3 is down."""
    health = {
        line: LineHealth(
            state="up", read=48, due=48, sweeps=40, sweep_ms=41_250 + place * 310, utilisation=0.981
        )
        for place, line in enumerate(LINES)
    }
    health["b5"] = LineHealth(
        state="up", read=58, due=60, sweeps=39, sweep_ms=52_700, utilisation=0.973
    )
    health["station"] = LineHealth(
        state="up", read=14, due=14, sweeps=40, sweep_ms=23_900, utilisation=0.991
    )
    health["b3"] = LineHealth(
        state="down", reason="the port is gone", read=0, due=48, sweeps=37, sweep_ms=41_900
    )
    said = State(
        status="online",
        at=NOW - 4_000,
        version="0.1.0",
        config="9c41d2aa07be1f30",
        clock="trusted",
        epoch=EPOCH,
        health="degraded",
        lines=health,
        uplink={"sent": 481, "accepted": 481},
    )
    said = msgspec.structs.replace(said, **change)
    return topic("state", gateway, site), state_payload(said)


def will(gateway: str = GATEWAY, site: str = SITE) -> Said:
    """What the broker says when it has lost the gateway."""
    said = State(status="offline", reason="lost", version="0.1.0", config="9c41d2aa07be1f30")
    return topic("state", gateway, site), state_payload(said)


def batch(
    line: str,
    meters: list[str],
    columns: dict[str, list[float | None]],
    *,
    kind: str = "sweep",
    at: int = NOW - 20_000,
    seq: int = 1,
    lane: str = "live",
    gateway: str = GATEWAY,
    site: str = SITE,
    epoch: str = EPOCH,
) -> Said:
    """One message of data."""
    whole = {
        "v": 1,
        "epoch": epoch,
        "seq": seq,
        "lane": lane,
        "kind": kind,
        "slot": at // 60_000,
        "line": line,
        "part": 0,
        "last": True,
        "meters": meters,
        "t": [at + 150 * place for place in range(len(meters))],
        "columns": columns,
        "q": [0] * len(meters),
    }
    return topic("data", gateway, site), msgspec.json.encode(msgspec.convert(whole, Batch))


def volts(place: int) -> float:
    """Of the n-th household: spread over 21 V without chance."""
    return round(213.0 + (place * 37 % 211) / 10, 1)


def sweeps(gateway: str = GATEWAY, site: str = SITE) -> list[Said]:
    """A sweep of each line; b3 has not been read for ten minutes, two meters of b5 are silent."""
    said = []
    for seq, line in enumerate(LINES[:-1], 10):
        here = [(n, row) for n, row in enumerate(households()) if row[1] == line]
        levels: list[float | None] = [volts(n) for n, _ in here]
        if line == "b5":
            levels[7] = levels[21] = None
            levels[30] = 196.4
        at = NOW - (620_000 if line == "b3" else 20_000)
        meters = [row[0] for _, row in here]
        said.append(
            batch(line, meters, {"voltage_a": levels}, at=at, seq=seq, gateway=gateway, site=site)
        )
    devices = [one for one, _, _ in stations()]
    oil: list[float | None] = [None] * (len(devices) - 2) + [61.4, 47.9]
    level: list[float | None] = [231.2] * (len(devices) - 2) + [None, None]
    said.append(
        batch(
            "station",
            devices,
            {"voltage_a": level, "oil_temperature": oil},
            seq=20,
            gateway=gateway,
            site=site,
        )
    )
    return said


def results(gateway: str = GATEWAY, site: str = SITE, at: int = NOW - 18_000) -> Said:
    """Loading of both transformers and the five feeders."""
    names = ["T1", "T2", "F1", "F2", "F3", "F4", "F5"]
    worst: list[float | None] = [101.3, 62.4, 88.2, 44.9, 38.7, 61.0, 57.3]
    size = len(names)
    active = [388_200.0, 380_100.0, 201_900.0, 101_300.0, 92_400.0, 150_800.0, 133_600.0]
    columns: dict[str, list[float | None]] = {
        "loading": worst,
        "loading_a": worst,
        "loading_b": [None if one is None else round(one * 0.8, 2) for one in worst],
        "loading_c": [None if one is None else round(one * 0.7, 2) for one in worst],
        "active_power": list(active),
        "active_power_a": [round(one * 0.4, 1) for one in active],
        "active_power_b": [round(one * 0.32, 1) for one in active],
        "active_power_c": [round(one * 0.28, 1) for one in active],
        "reactive_power": [round(one * 0.21, 1) for one in active],
        "apparent_power": [405_200.0, 393_100.0, 208_100.0, 104_900.0, 95_800.0, 155_400.0, None],
        "current_a": [584.5, 567.2, 310.1, 152.3, 139.0, 226.4, 201.2],
        "current_b": [467.6, 453.8, 248.1, 121.8, 111.2, 181.1, 161.0],
        "current_c": [409.2, 397.0, 217.1, 106.6, 97.3, 158.5, 140.8],
        "current_n": [155.0, 150.4, 82.2, 40.4, 36.9, 60.0, None],
        "unbalance": [30.0] * size,
        "energy_day": [3_412.55] * size,
    }
    return batch(
        "station", names, columns, kind="result", at=at, seq=21, gateway=gateway, site=site
    )


def event(
    kind: str,
    subject: str,
    place: str,
    *,
    since: int,
    until: int | None = None,
    cause: str = "",
    severity: str = "warning",
    seq: int = 30,
    gateway: str = GATEWAY,
) -> Said:
    """One event."""
    own = Event(
        id=f"{kind}-{subject}-{since}",
        type=kind,
        subject=subject,
        place=place,
        since=since,
        until=until,
        cause=cause,
        severity=severity,  # type: ignore[arg-type]
    )
    return topic("event", gateway), event_payload(own, EPOCH, seq, "live")


def events() -> list[Said]:
    """A line is down, a box is silent, a meter was, and the gateway has started."""
    gone = NOW - 600_000
    return [
        event(
            "gateway_started",
            GATEWAY,
            "",
            since=NOW - 2_400_000,
            severity="info",
            cause="version 0.1.0",
            seq=30,
        ),
        event(
            "meter_silent",
            "370112100017",
            "T1/F1/B1/B1-2",
            since=NOW - 1_900_000,
            until=NOW - 1_500_000,
            cause="no answer",
            seq=31,
        ),
        event("line_down", "b3", "T2/F3", since=gone, cause="the port is gone", seq=32),
        event(
            "box_silent",
            "B5-5",
            "T2/F5/B5/B5-5",
            since=NOW - 120_000,
            cause="12 of 12 meters silent",
            severity="critical",
            seq=33,
        ),
    ]


def whole(gateway: str = GATEWAY, site: str = SITE) -> list[Said]:
    """All of it, in the order of a new subscriber: what is retained comes first."""
    return [
        card(gateway, site),
        state(gateway, site),
        *sweeps(gateway, site),
        results(gateway, site),
        *(events() if gateway == GATEWAY else ()),
    ]


def moved(said: list[Said], now_ms: int) -> list[Said]:
    """The same messages as if NOW were now."""
    by = now_ms - NOW
    found = []
    for name, payload in said:
        facts = msgspec.json.decode(payload)
        for key in ("at", "since", "until", "oldest"):
            if facts.get(key) is not None:
                facts[key] += by
        if "t" in facts:
            facts["t"] = [t + by for t in facts["t"]]
        found.append((name, msgspec.json.encode(facts)))
    return found
