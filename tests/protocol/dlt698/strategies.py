"""Hypothesis strategies of DL/T 698.45: data of every type, bodies of every service."""

from typing import Any

from hypothesis import strategies as st

from protocol.dlt698 import parts
from protocol.dlt698.apdu import Apdu
from protocol.dlt698.axdr import (
    Bits,
    Chosen,
    Data,
    Range,
    Region,
    Road,
    ScalerUnit,
    Sid,
    SidMac,
    Ti,
)


def whole(bits: int, *, signed: bool = False) -> st.SearchStrategy[int]:
    """Integers of so many bits."""
    low = -(1 << bits - 1) if signed else 0
    return st.integers(low, low + (1 << bits) - 1)


U8, U16, U32 = whole(8), whole(16), whole(32)
OCTETS = st.binary(max_size=140)
MOMENT = st.binary(min_size=7, max_size=7)
FIXED = {size: st.binary(min_size=size, max_size=size) for size in (3, 5, 7, 8, 10, 16, 32)}
OAD = U32


def some(one: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    """A tuple of a few."""
    return st.lists(one, max_size=most).map(tuple)


BITS = st.integers(0, 40).flatmap(
    lambda n: st.builds(Bits, st.just(n), st.binary(min_size=(n + 7) // 8, max_size=(n + 7) // 8))
)
TI = st.builds(Ti, U8, U16)
ROAD = st.builds(Road, OAD, some(OAD))
COLUMN = st.one_of(OAD, ROAD)
SID = st.builds(Sid, U32, OCTETS)
SID_MAC = st.builds(SidMac, U32, OCTETS, OCTETS)

LEAVES: dict[int, st.SearchStrategy[Any]] = {
    0x00: st.none(),
    0x03: st.booleans(),
    0x04: BITS,
    0x05: whole(32, signed=True),
    0x06: U32,
    0x09: OCTETS,
    0x0A: OCTETS,
    0x0C: OCTETS,
    0x0F: whole(8, signed=True),
    0x10: whole(16, signed=True),
    0x11: U8,
    0x12: U16,
    0x14: whole(64, signed=True),
    0x15: whole(64),
    0x16: U8,
    0x17: st.floats(width=32, allow_nan=False),
    0x18: st.floats(allow_nan=False),
    0x19: FIXED[10],
    0x1A: FIXED[5],
    0x1B: FIXED[3],
    0x1C: MOMENT,
    0x50: U16,
    0x51: OAD,
    0x52: ROAD,
    0x53: U32,
    0x54: TI,
    0x55: OCTETS,
    0x56: OCTETS,
    0x57: OCTETS,
    0x59: st.builds(ScalerUnit, whole(8, signed=True), U8),
    0x5B: COLUMN,
    0x5D: SID,
    0x5E: SID_MAC,
    0x5F: FIXED[5],
    0x60: some(COLUMN),
}


def leaf(tag: int) -> st.SearchStrategy[Data]:
    """Data of one type that holds no other data."""
    return LEAVES[tag].map(lambda value: Data(tag, value))


def meters(inner: st.SearchStrategy[Data]) -> st.SearchStrategy[Chosen]:
    """A choice of meters, of every kind."""
    region = st.builds(Region, U8, inner, inner)
    holds: list[tuple[int, st.SearchStrategy[Any] | None]] = [
        (0, None),
        (1, None),
        (2, some(U8)),
        (3, some(OCTETS)),
        (4, some(U16)),
        *((kind, some(region)) for kind in (5, 6, 7)),
    ]
    return st.one_of(
        [_chosen(kind, st.just(()) if one is None else st.tuples(one)) for kind, one in holds]
    )


def _chosen(kind: int, held: st.SearchStrategy[tuple[Any, ...]]) -> st.SearchStrategy[Chosen]:
    return held.map(lambda value: Chosen(kind, value))


def selection(inner: st.SearchStrategy[Data]) -> st.SearchStrategy[Chosen]:
    """A row selection, of every kind."""
    at = st.tuples(MOMENT, meters(inner))
    span = st.tuples(MOMENT, MOMENT, TI, meters(inner))
    holds: dict[int, st.SearchStrategy[tuple[Any, ...]]] = {
        0: st.just(()),
        1: st.tuples(OAD, inner),
        2: st.tuples(OAD, inner, inner, inner),
        3: st.tuples(some(st.builds(Range, OAD, inner, inner, inner))),
        4: at,
        5: at,
        6: span,
        7: span,
        8: span,
        9: st.tuples(U8),
        10: st.tuples(U8, meters(inner)),
    }
    return st.one_of([_chosen(kind, one) for kind, one in holds.items()])


def nested(inner: st.SearchStrategy[Data]) -> st.SearchStrategy[Data]:
    """Data of one of the types that hold other data."""
    return st.one_of(
        some(inner).map(lambda value: Data(0x01, value)),
        some(inner).map(lambda value: Data(0x02, value)),
        st.builds(Region, U8, inner, inner).map(lambda value: Data(0x58, value)),
        selection(inner).map(lambda value: Data(0x5A, value)),
        meters(inner).map(lambda value: Data(0x5C, value)),
    )


FLAT = st.one_of([leaf(tag) for tag in LEAVES])
DATA = st.recursive(FLAT, nested, max_leaves=6)
DAR = st.builds(parts.Dar, U8)
RESULT = st.builds(parts.Result, OAD, st.one_of(DAR, DATA))
ASK = st.builds(parts.RecordAsk, OAD, selection(FLAT), some(COLUMN))


@st.composite
def records(draw: st.DrawFn) -> parts.Record:
    """Rows as wide as their columns, or a refusal."""
    oad, columns = draw(OAD), draw(some(COLUMN))
    width = len(parts.cells(columns, flat=False))
    row = st.tuples(*[FLAT] * width)
    outcome = draw(st.one_of(DAR, some(row, 3 if width else 0)))
    return parts.Record(oad, columns, outcome)


RECORD = records()
RESULTS = st.builds(parts.Results, some(RESULT))
RECORDS = st.builds(parts.Records, some(RECORD, 2))
TIME_TAG = st.one_of(st.none(), st.builds(parts.TimeTag, MOMENT, TI))
CLIENT = {"time_tag": TIME_TAG}
SERVER = {"follow_report": st.one_of(st.none(), RESULTS, RECORDS), **CLIENT}
SIZES = {
    "version": U16,
    "protocol": FIXED[8],
    "functions": FIXED[16],
    "send_bytes": U16,
    "receive_bytes": U16,
    "window": U8,
    "apdu_bytes": U16,
    "timeout_s": U32,
}
OPTIONAL = st.one_of(st.none(), DATA)
SET = st.builds(parts.SetItem, OAD, DATA)
SET_THEN = st.builds(parts.SetThenGet, OAD, DATA, OAD, U8)
DONE = st.builds(parts.Done, OAD, U8)
DONE_THEN = st.builds(parts.DoneThenGot, OAD, U8, RESULT)
CALL = st.builds(parts.Call, OAD, DATA)
CALL_THEN = st.builds(parts.CallThenGet, OAD, DATA, OAD, U8)
CALLED = st.builds(parts.Called, OAD, U8, OPTIONAL)
CALLED_THEN = st.builds(parts.CalledThenGot, OAD, U8, OPTIONAL, RESULT)


def one(item: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """A tuple of one."""
    return st.tuples(item)


def targets(item: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    """The body of a PROXY list."""
    return {
        "timeout_s": U16,
        "meters": some(st.builds(parts.Target, OCTETS, U16, some(item)), 2),
    }


def target_answers(item: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    """The body of a PROXY list's answer."""
    return {"meters": some(st.builds(parts.TargetAnswer, OCTETS, some(item)), 2)}


PLAIN, CIPHER = st.builds(parts.Plain, OCTETS), st.builds(parts.Cipher, OCTETS)
BODIES: dict[tuple[int, int], dict[str, st.SearchStrategy[Any]]] = {
    (0x01, 0): {"type": U8, "heartbeat_s": U16, "request_time": FIXED[10]},
    (0x81, 0): {
        "result": U8,
        "request_time": FIXED[10],
        "received_time": FIXED[10],
        "answer_time": FIXED[10],
    },
    (0x02, 0): {
        **SIZES,
        "mechanism": st.one_of(
            st.just(parts.Public()),
            st.builds(parts.Password, OCTETS),
            st.builds(parts.Symmetric, OCTETS, OCTETS),
            st.builds(parts.Signature, OCTETS, OCTETS),
        ),
        **CLIENT,
    },
    (0x82, 0): {
        "factory": FIXED[32],
        **SIZES,
        "result": U8,
        "security": st.one_of(st.none(), st.builds(parts.Security, OCTETS, OCTETS)),
        **SERVER,
    },
    (0x03, 0): CLIENT,
    (0x83, 0): {"result": U8, **SERVER},
    (0x84, 0): {"connected": MOMENT, "server_time": MOMENT, **SERVER},
    (0x05, 1): {"oad": OAD, **CLIENT},
    (0x05, 2): {"oads": some(OAD), **CLIENT},
    (0x05, 3): {"record": ASK, **CLIENT},
    (0x05, 4): {"records": some(ASK, 2), **CLIENT},
    (0x05, 5): {"block": U16, **CLIENT},
    (0x85, 1): {"results": one(RESULT), **SERVER},
    (0x85, 2): {"results": some(RESULT), **SERVER},
    (0x85, 3): {"record": RECORD, **SERVER},
    (0x85, 4): {"records": some(RECORD, 2), **SERVER},
    (0x85, 5): {
        "last": st.booleans(),
        "block": U16,
        "outcome": st.one_of(DAR, RESULTS, RECORDS),
        **SERVER,
    },
    (0x06, 1): {"items": one(SET), **CLIENT},
    (0x06, 2): {"items": some(SET), **CLIENT},
    (0x06, 3): {"items": some(SET_THEN), **CLIENT},
    (0x86, 1): {"items": one(DONE), **SERVER},
    (0x86, 2): {"items": some(DONE), **SERVER},
    (0x86, 3): {"items": some(DONE_THEN), **SERVER},
    (0x07, 1): {"items": one(CALL), **CLIENT},
    (0x07, 2): {"items": some(CALL), **CLIENT},
    (0x07, 3): {"items": some(CALL_THEN), **CLIENT},
    (0x87, 1): {"items": one(CALLED), **SERVER},
    (0x87, 2): {"items": some(CALLED), **SERVER},
    (0x87, 3): {"items": some(CALLED_THEN), **SERVER},
    (0x88, 1): {"results": some(RESULT), **SERVER},
    (0x88, 2): {"records": some(RECORD, 2), **SERVER},
    (0x08, 1): {"oads": some(OAD), **CLIENT},
    (0x08, 2): {"oads": some(OAD), **CLIENT},
    (0x09, 1): {**targets(OAD), **CLIENT},
    (0x09, 2): {"timeout_s": U16, "meter": OCTETS, "record": ASK, **CLIENT},
    (0x09, 3): {**targets(SET), **CLIENT},
    (0x09, 4): {**targets(SET_THEN), **CLIENT},
    (0x09, 5): {**targets(CALL), **CLIENT},
    (0x09, 6): {**targets(CALL_THEN), **CLIENT},
    (0x09, 7): {
        "port": OAD,
        "comdcb": FIXED[5],
        "wait_s": U16,
        "gap_ms": U16,
        "command": OCTETS,
        **CLIENT,
    },
    (0x89, 1): {**target_answers(RESULT), **SERVER},
    (0x89, 2): {"meter": OCTETS, "record": RECORD, **SERVER},
    (0x89, 3): {**target_answers(DONE), **SERVER},
    (0x89, 4): {**target_answers(DONE_THEN), **SERVER},
    (0x89, 5): {**target_answers(CALLED), **SERVER},
    (0x89, 6): {**target_answers(CALLED_THEN), **SERVER},
    (0x89, 7): {"port": OAD, "outcome": st.one_of(DAR, OCTETS), **SERVER},
    (0x10, 0): {
        "envelope": st.one_of(PLAIN, CIPHER),
        "verification": st.one_of(
            SID_MAC, SID, st.builds(parts.Rn, OCTETS), st.builds(parts.RnMac, OCTETS, OCTETS)
        ),
    },
    (0x90, 0): {
        "envelope": st.one_of(PLAIN, CIPHER, DAR),
        "verification": st.one_of(st.none(), st.builds(parts.Mac, OCTETS)),
    },
    (0x6E, 0): {"type": U8, **CLIENT},
    (0xEE, 0): {"type": U8, **SERVER},
}
WITHOUT_PIID = frozenset({0x10, 0x90})


def apdu(tag: int, kind: int) -> st.SearchStrategy[Apdu]:
    """One service of one kind."""
    piid = st.just(0) if tag in WITHOUT_PIID else U8
    return st.builds(
        Apdu, st.just(tag), st.just(kind), piid, st.fixed_dictionaries(BODIES[tag, kind])
    )


ANY_APDU = st.sampled_from(sorted(BODIES)).flatmap(lambda key: apdu(*key))
