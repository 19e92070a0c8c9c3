"""Any bytes, cut in any way, through both kernels of DL/T 698.45 framing."""

from types import ModuleType

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cext.streams import drain
from tests.cext.streams698 import (
    ANSWER,
    addresses,
    bytes_,
    chunked,
    datas,
    encode,
    fits,
    frames,
    frames_of,
    seen,
)


@given(
    control=bytes_,
    kind=st.integers(0, 3),
    logical=st.integers(0, 3),
    address=addresses,
    client=bytes_,
    data=datas,
    wake=st.integers(0, 7),
)
def test_build_and_scan_round_trip(
    framing698: ModuleType,
    control: int,
    kind: int,
    logical: int,
    address: bytes,
    client: int,
    data: bytes,
    wake: int,
) -> None:
    built = framing698.build698(control, address, kind, logical, client, data, wake)
    sent = bytes((b + 0x33) % 256 for b in data) if control & 8 else data
    flag = kind << 6 | logical << 4
    assert built == b"\xfe" * wake + encode(control, flag, address[::-1], client, sent)
    (frame,) = drain(framing698.Scanner698(), built)
    assert (frame.control, frame.address, frame.data) == (control, address, data)
    assert (frame.address_type, frame.logical, frame.client) == (kind, logical, client)
    assert frame.start == wake


@settings(max_examples=400)
@given(
    chunks=chunked(),
    acts=st.lists(st.sampled_from(["", "", "gap", "leave", "both"]), max_size=14),
)
def test_both_kernels_say_the_same_whatever_comes(
    both_framings698: tuple[ModuleType, ModuleType], chunks: list[bytes], acts: list[str]
) -> None:
    scanners = [framing698.Scanner698() for framing698 in both_framings698]
    for at, chunk in enumerate(chunks):
        act = acts[at] if at < len(acts) else ""
        said: list[list[tuple[object, ...]]] = [[], []]
        for scanner, out in zip(scanners, said, strict=True):
            frame = scanner.feed(chunk)
            while frame is not None and act not in ("leave", "both"):
                out.append(seen(scanner, frame))
                frame = scanner.feed(b"")
            out.append(seen(scanner, frame))
            if act in ("gap", "both"):
                scanner.gap()
            out.append(seen(scanner, None))
        assert said[0] == said[1]


@settings(max_examples=200)
@given(stream=st.binary(max_size=3000), cut=st.integers(1, 500))
def test_both_kernels_say_the_same_of_any_bytes(
    both_framings698: tuple[ModuleType, ModuleType], stream: bytes, cut: int
) -> None:
    said = []
    for framing698 in both_framings698:
        scanner = framing698.Scanner698()
        out = []
        for at in range(0, len(stream), cut):
            out += [seen(scanner, f) for f in drain(scanner, stream[at : at + cut])]
            out.append(seen(scanner, None))
        said.append(out)
    assert said[0] == said[1]


@settings(max_examples=200)
@given(chunks=chunked(), gaps=st.lists(st.booleans(), max_size=14))
def test_every_frame_given_is_right_and_stands_where_it_says(
    framing698: ModuleType, chunks: list[bytes], gaps: list[bool]
) -> None:
    scanner = framing698.Scanner698()
    stream, upto, framed = b"".join(chunks), 0, bytearray()
    for at, chunk in enumerate([*chunks, b""]):
        if at and gaps[at - 1 : at] != [False]:
            scanner.gap()
        for frame in drain(scanner, chunk):
            assert frame.start >= upto
            upto = frame.start + len(frame.raw)
            framed += frame.raw
            assert stream[frame.start : upto] == frame.raw
            assert fits(frame.raw)
    scanner.gap()
    framed += b"".join(f.raw for f in drain(scanner, b""))
    unframed = len(stream) - len(framed)
    assert scanner.noise == unframed - (stream.count(0xFE) - framed.count(0xFE))


@settings(max_examples=200)
@given(chunks=chunked(), cut=st.integers(1, 64))
def test_the_frames_do_not_depend_on_how_the_bytes_are_cut(
    framing698: ModuleType, chunks: list[bytes], cut: int
) -> None:
    stream = b"".join(chunks)
    whole = frames_of(framing698, stream)
    assert frames_of(framing698, *chunks) == whole
    again = (stream[at : at + cut] for at in range(0, len(stream), cut))
    assert frames_of(framing698, *again) == whole


@settings(max_examples=200)
@given(
    good=st.lists(frames, min_size=1, max_size=6),
    junk=st.lists(st.binary(max_size=30), max_size=7),
    cut=st.integers(1, 64),
)
def test_every_frame_between_noise_without_a_68_is_given_with_its_last_byte(
    framing698: ModuleType, good: list[bytes], junk: list[bytes], cut: int
) -> None:
    stream, ends = b"", []
    for at, frame in enumerate(good):
        stream += (junk[at].replace(b"\x68", b"") if at < len(junk) else b"") + frame
        ends.append(len(stream))
    scanner, found = framing698.Scanner698(), []
    for at in range(0, len(stream), cut):
        for frame in drain(scanner, stream[at : at + cut]):
            found.append(frame.raw)
            assert at < frame.start + len(frame.raw) <= at + cut
    assert found == good


@settings(max_examples=200)
@given(noise=st.binary(max_size=300) | chunked().map(b"".join), good=frames)
def test_after_any_noise_and_a_silence_the_next_frame_is_given(
    framing698: ModuleType, noise: bytes, good: bytes
) -> None:
    scanner = framing698.Scanner698()
    list(drain(scanner, noise))
    scanner.gap()
    list(drain(scanner, b""))
    assert [frame.raw for frame in drain(scanner, good)] == [good]


@settings(max_examples=100)
@given(chunks=chunked(most=20))
def test_a_frame_kept_stays_as_it_was(framing698: ModuleType, chunks: list[bytes]) -> None:
    scanner = framing698.Scanner698()
    kept = [(frame, frame.raw) for chunk in chunks for frame in drain(scanner, chunk)]
    for _ in range(50):
        list(drain(scanner, b"\x00" * 50 + ANSWER[:20]))
    del scanner
    assert all(frame.raw == raw for frame, raw in kept)


@settings(max_examples=100)
@given(chunks=chunked(most=20))
def test_a_drained_scanner_holds_less_than_its_limit(
    both_framings698: tuple[ModuleType, ModuleType], chunks: list[bytes]
) -> None:
    _, plain = both_framings698
    scanner = plain.Scanner698()
    for chunk in chunks:
        list(drain(scanner, chunk))
        assert len(scanner._window) - scanner._head < plain.LEAST
