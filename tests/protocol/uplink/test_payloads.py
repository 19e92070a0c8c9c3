"""Every message round-trips exactly, and any bytes give the message or PayloadError."""

import json
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.quantity import quantities
from protocol.uplink import (
    Batch,
    CardDevices,
    CardFeeder,
    CardLine,
    CardTransformer,
    Commit,
    Event,
    LineHealth,
    Part,
    PayloadError,
    Quality,
    SiteCard,
    State,
    Topics,
    batch_payload,
    commit_payload,
    decode_event,
    decode_part,
    encode_event,
    encode_part,
    event_payload,
    read_batch,
    read_commit,
    read_event,
    read_site_card,
    read_state,
    site_payload,
    state_payload,
)

INT64 = st.integers(-(2**63), 2**63 - 1)
COUNT = st.integers(0, 2**63 - 1)
DECODERS: list[Callable[[bytes], object]] = [
    decode_part,
    decode_event,
    read_batch,
    read_event,
    read_state,
    read_commit,
    read_site_card,
]
PART = Part(
    slot=7,
    line="b1",
    part=0,
    last=True,
    meters=["000000000101", "000000000102"],
    t=[1_800_000_000_000, 1_800_000_000_350],
    dt={"energy_forward": [310, 0]},
    columns={"voltage_a": [2201, 2199], "energy_forward": [123456, None]},
    q=[0, int(Quality.NO_ANSWER)],
)
CARD = SiteCard(
    site="s",
    name="西苑",
    gateway="g",
    config="9c41",
    timezone="Asia/Shanghai",
    period_s=60,
    transformers=[CardTransformer(id="T1", rated_kva=400)],
    feeders=[CardFeeder(id="F1", transformer="T1")],
    lines=[CardLine(id="b1", name="1号楼")],
    devices=CardDevices(
        id=["000000000101", "tmu1"],
        kind=["household", "tmu"],
        line=["b1", "b1"],
        phase=["A", ""],
        place=["T1/F1/B1/B1-1", "T1"],
    ),
)


@st.composite
def parts(draw: st.DrawFn) -> Part:
    count = draw(st.integers(0, 4))
    names = draw(st.lists(st.sampled_from(sorted(quantities())), unique=True, max_size=4))

    def column(of: st.SearchStrategy[int | None]) -> st.SearchStrategy[list[int | None]]:
        return st.lists(of, min_size=count, max_size=count)

    return Part(
        slot=draw(INT64),
        line=draw(st.text(max_size=8)),
        part=draw(COUNT),
        last=draw(st.booleans()),
        meters=draw(st.lists(st.text(max_size=12), min_size=count, max_size=count)),
        t=draw(column(INT64)),
        dt={name: draw(column(INT64)) for name in names[:2]},
        columns={name: draw(column(st.none() | INT64)) for name in names},
        q=draw(column(COUNT)),
    )


@given(parts())
def test_a_part_comes_back_from_the_journal_unchanged(part: Part) -> None:
    assert decode_part(encode_part(part)) == part


@given(parts(), COUNT.filter(bool))
def test_a_batch_carries_each_number_correctly_rounded(part: Part, seq: int) -> None:
    payload = batch_payload(part, "e1", seq, "live")
    batch = read_batch(payload)
    assert (batch.epoch, batch.seq, batch.lane, batch.kind) == ("e1", seq, "live", "sweep")
    assert (batch.meters, batch.t, batch.dt, batch.q) == (part.meters, part.t, part.dt, part.q)
    for name, column in part.columns.items():
        exact = Decimal(10) ** quantities()[name].exponent
        wanted = [None if scaled is None else float(scaled * exact) for scaled in column]
        assert batch.columns[name] == wanted


def test_a_batch_says_numbers_as_a_person_would() -> None:
    text = batch_payload(PART, "e1", 3, "backlog").decode()
    assert '"voltage_a":[220.1,219.9]' in text
    assert '"energy_forward":[1234.56,null]' in text


def test_a_part_of_unknown_kind_is_not_published() -> None:
    with pytest.raises(PayloadError):
        batch_payload(msgspec.structs.replace(PART, kind="other"), "e1", 1, "live")


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("t", [1]),
        ("q", [0, 0, 0]),
        ("q", [0, -1]),
        ("columns", {"voltage_a": [2201]}),
        ("columns", {"voltage_a": [2201, 2.5]}),
        ("columns", {"voltage_a": [2201, 2**63]}),
        ("columns", {"heat": [1, 2]}),
        ("dt", {"current_a": [0, 0]}),
        ("dt", {"voltage_a": [0]}),
        ("last", 1),
        ("meters", "ab"),
    ],
)
def test_a_part_that_contradicts_itself_is_refused(key: str, wrong: object) -> None:
    fields = {**msgspec.to_builtins(PART), key: wrong}
    with pytest.raises(PayloadError):
        decode_part(msgspec.msgpack.encode(fields))


def test_a_part_beyond_64_bits_is_refused_when_written() -> None:
    with pytest.raises(PayloadError):
        encode_part(msgspec.structs.replace(PART, slot=2**70))


def test_unknown_keys_are_passed_over() -> None:
    fields = json.loads(batch_payload(PART, "e1", 3, "live"))
    assert read_batch(json.dumps({**fields, "new": {"x": [1]}}).encode()).seq == 3
    journal = {**msgspec.to_builtins(PART), "new": 1}
    assert decode_part(msgspec.msgpack.encode(journal)) == PART


def test_an_event_round_trips_through_journal_and_message() -> None:
    event = Event(
        id="b1-7", type="line_down", subject="b1", since=5, evidence={"wait_ms": 3, "why": "x"}
    )
    assert decode_event(encode_event(event)) == event
    message = read_event(event_payload(event, "e1", 9, "backlog"))
    assert (message.epoch, message.seq, message.lane) == ("e1", 9, "backlog")
    assert {n: getattr(message, n) for n in Event.__struct_fields__} == msgspec.structs.asdict(
        event
    )


def test_a_state_round_trips() -> None:
    state = State(
        status="online", at=5, backlog=3, lines={"b1": LineHealth(state="up")}, uplink={"sent": 4}
    )
    assert read_state(state_payload(state)) == state


def test_a_site_card_round_trips_and_unknown_keys_are_passed_over() -> None:
    assert read_site_card(site_payload(CARD)) == CARD
    fields = json.loads(site_payload(CARD))
    assert read_site_card(json.dumps({**fields, "new": [1]}).encode()) == CARD
    assert read_site_card(b'{"site":"s","gateway":"g"}') == SiteCard(site="s", gateway="g")


@pytest.mark.parametrize("column", ["kind", "line", "phase", "place"])
def test_a_site_card_with_a_place_missing_in_one_column_is_refused(column: str) -> None:
    fields = json.loads(site_payload(CARD))
    fields["devices"][column].pop()
    with pytest.raises(PayloadError, match=column):
        read_site_card(json.dumps(fields).encode())


@pytest.mark.parametrize(
    ("column", "wrong"), [("kind", "solar"), ("phase", "N"), ("place", None), ("line", 1)]
)
def test_a_site_card_of_other_words_is_refused(column: str, wrong: object) -> None:
    fields = json.loads(site_payload(CARD))
    fields["devices"][column][0] = wrong
    with pytest.raises(PayloadError):
        read_site_card(json.dumps(fields).encode())


@given(st.lists(st.tuples(COUNT.filter(bool), COUNT.filter(bool)), max_size=5))
def test_a_commit_round_trips(ranges: list[tuple[int, int]]) -> None:
    assert read_commit(commit_payload(Commit(epoch="e", ranges=ranges))).ranges == ranges


@pytest.mark.parametrize(
    "payload",
    [
        b'{"epoch":"e","ranges":[[0,1]]}',
        b'{"epoch":"e","ranges":[[1,1e999]]}',
        b'{"epoch":"e","ranges":[[1,9223372036854775808]]}',
        b'{"epoch":"e","ranges":[[1]]}',
        b'{"epoch":null,"ranges":[]}',
        b'{"v":2,"epoch":"e","ranges":[]}',
        b'{"epoch":"e","ranges":[[1,2]],"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"epoch":"e","ranges":[' + b"[1,2]," * 60_000 + b"[1,2]]}",
        b'{"epoch":"\xff","ranges":[]}',
        b"",
        b"\x00",
        b"[]",
    ],
)
def test_a_hostile_commit_is_refused(payload: bytes) -> None:
    with pytest.raises(PayloadError):
        read_commit(payload)


@pytest.mark.parametrize("decode", DECODERS)
@given(data=st.binary(max_size=64))
def test_any_bytes_give_a_message_or_the_typed_error(
    decode: Callable[[bytes], object], data: bytes
) -> None:
    with suppress(PayloadError):
        decode(data)


@given(data=st.data())
def test_mutated_messages_give_a_message_or_the_typed_error(data: st.DataObject) -> None:
    pairs: list[tuple[bytes, Callable[[bytes], object]]] = [
        (encode_part(PART), decode_part),
        (batch_payload(PART, "e1", 3, "live"), read_batch),
        (commit_payload(Commit(epoch="e", ranges=[(1, 2)])), read_commit),
        (state_payload(State(status="online", lines={"b": LineHealth()})), read_state),
        (site_payload(CARD), read_site_card),
    ]
    whole, decode = data.draw(st.sampled_from(pairs))
    mutated = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = decode(bytes(mutated[: data.draw(st.integers(0, len(mutated)))]))
    except PayloadError:
        return
    assert isinstance(found, Part | Batch | Commit | State | SiteCard)


def test_nesting_bombs_and_oversize_are_refused() -> None:
    for decode in DECODERS:
        for bomb in (b"[" * 200_000, b"\x91" * 200_000, b'{"a":' * 100_000, b" " * (5 << 20)):
            with pytest.raises(PayloadError):
                decode(bomb)


@pytest.mark.parametrize("word", ["", "a/b", "+", "#", "a b", "a\x00", "é", "x" * 65, "a\n"])
def test_an_id_cannot_leave_its_topic_level(word: str) -> None:
    with pytest.raises(PayloadError):
        Topics(word, "g1")
    with pytest.raises(PayloadError):
        Topics("site", word)
    with pytest.raises(PayloadError):
        Topics("site", "g1").request(word)


def test_topics_follow_the_published_tree() -> None:
    topics = Topics("xiyuan-5", "gw_1")
    assert topics.data == "boxgate/1/xiyuan-5/gw_1/data"
    assert topics.event == "boxgate/1/xiyuan-5/gw_1/event"
    assert topics.state == "boxgate/1/xiyuan-5/gw_1/state"
    assert topics.card == "boxgate/1/xiyuan-5/gw_1/site"
    assert topics.commit == "boxgate/1/xiyuan-5/gw_1/commit"
    assert topics.request("read") == "boxgate/1/xiyuan-5/gw_1/request/read"
    assert topics.response("read") == "boxgate/1/xiyuan-5/gw_1/response/read"


def test_quality_bits_are_the_published_ones() -> None:
    assert {bit.name: bit.value for bit in Quality} == {
        "CLOCK_UNTRUSTED": 1,
        "CLOCK_HOLDING": 2,
        "NO_ANSWER": 4,
        "REFUSED": 8,
        "NO_VALUE": 16,
        "GARBLED": 32,
        "LINE_DOWN": 64,
        "NOT_REACHED": 128,
        "CT_APPLIED": 256,
    }
