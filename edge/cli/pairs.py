"""Which answer belongs to which question, of frames that others exchange on a line.

Same protocol, same meter or one that a wildcard covers, same function or service, and what the
frames themselves repeat: identifier, service number (PIID), fragment number, registers' count.
"""

from cext.framing698 import Frame698, Scanner698
from protocol.dlt645.frame import address_mask
from protocol.dlt698.apdu import NUMBER
from protocol.dlt698.fragments import ACKNOWLEDGEMENT, FIRST, Fragment, fragment
from protocol.dlt698.question import address_mask as address_mask_698
from protocol.modbus.find import ASKED, SHORTEST, crc_of
from protocol.modbus.frame import BITS, ENVELOPE

DLT645, DLT698, MODBUS = "dlt645", "dlt698", "modbus"
_ERROR, _FUNCTION = 0x40, 0x1F
_EXCEPTION, _EXCEPTION_BYTES = 0x80, 5
_SINGLE = 0
_LONGEST_698 = 16385
_RESPONSE, _ERROR_698 = 0x80, 0xEE
_UNNUMBERED = (0x10, 0x01)
"""SECURITY has no service number, LINK is one a connection."""
_SHORT = (0x02, 0x03)
"""CONNECT, RELEASE: the number stands right behind the tag."""
_NUMBERS = 0x1000


def family(protocol: str) -> str:
    """What of a decoded frame's protocol decides: both dialects of DL/T 645 are one."""
    return next((one for one in (DLT645, DLT698) if protocol.startswith(one)), MODBUS)


def answers(kind: str, raw: bytes, asked: bytes) -> bool:
    """Whether the frame `raw` can be the answer to `asked`, both of this family."""
    if kind == DLT645:
        return _answers_645(raw, asked)
    return _answers_698(raw, asked) if kind == DLT698 else _answers_modbus(raw, asked)


def awaited(held: bytes, asked: bytes) -> int:
    """Length of the answer to a Modbus request that these bytes begin with; 0 = they do not."""
    for size in (_EXCEPTION_BYTES, _modbus_size(held, asked)):
        raw = held[:size]
        if SHORTEST < size == len(raw) and raw[-2:] == crc_of(raw) and _answers_modbus(raw, asked):
            return size
    return 0


# ---- DL/T 645 -----------------------------------------------------------------------------------


def _answers_645(raw: bytes, asked: bytes) -> bool:
    wanted, given = int.from_bytes(asked[1:7], "little"), int.from_bytes(raw[1:7], "little")
    if asked[8] & _FUNCTION != raw[8] & _FUNCTION:
        return False
    # an address that was just written answers from its new self
    if asked[8] & _FUNCTION != 0x15 and (wanted ^ given) & address_mask(wanted):
        return False
    reads = asked[8] & _FUNCTION in (0x01, 0x11, 0x12)
    if raw[8] & _ERROR or not reads:
        return True
    size = 2 if asked[8] & _FUNCTION == 0x01 else 4
    return raw[10 : 10 + size] == asked[10 : 10 + size]


# ---- DL/T 698.45 --------------------------------------------------------------------------------


def _answers_698(raw: bytes, asked: bytes) -> bool:
    given, wanted = _frame(raw), _frame(asked)
    if given is None or wanted is None or given.answer == wanted.answer:
        return False
    if given.client != wanted.client or not _same_meter(given, wanted):
        return False
    piece, before = _fragment(given), _fragment(wanted)
    if piece is not None and piece.kind == ACKNOWLEDGEMENT:
        return before is not None and before.number == piece.number
    if before is not None and before.kind == ACKNOWLEDGEMENT:
        # the next fragment, or the same once more
        numbers = (before.number, (before.number + 1) % _NUMBERS)
        return piece is not None and piece.number in numbers
    if piece is not None and piece.kind != FIRST:
        return False
    # what a request in fragments asks, its last one does not say
    return before is not None or _same_service(piece.data if piece else given.data, wanted.data)


def _same_meter(given: Frame698, wanted: Frame698) -> bool:
    if given.answer:
        meter, named = given, wanted
    else:
        meter, named = wanted, given
    if len(meter.address) != len(named.address):
        return False
    mask = address_mask_698(named.address)
    return not any(
        (one ^ other) & bits
        for one, other, bits in zip(meter.address, named.address, mask, strict=True)
    )


def _same_service(given: bytes, wanted: bytes) -> bool:
    if not given or not wanted:
        return given == wanted
    tag = wanted[0]
    if given[0] != tag ^ _RESPONSE and given[0] != _ERROR_698:
        return False
    if tag & ~_RESPONSE in _UNNUMBERED:
        return True
    at = 1 if tag & ~_RESPONSE in _SHORT else 2
    there = 1 if given[0] == _ERROR_698 else at
    if len(wanted) <= at or len(given) <= there:
        return False
    return not (wanted[at] ^ given[there]) & NUMBER


def _frame(raw: bytes) -> Frame698 | None:
    return Scanner698(_LONGEST_698).feed(raw)


def _fragment(frame: Frame698) -> Fragment | None:
    return fragment(frame.data) if frame.fragment else None


# ---- Modbus RTU ---------------------------------------------------------------------------------


def _answers_modbus(raw: bytes, asked: bytes) -> bool:
    if raw[0] != asked[0] or raw[1] & ~_EXCEPTION != asked[1]:
        return False
    return bool(raw[1] & _EXCEPTION) or _fits_modbus(raw, asked)


def _fits_modbus(raw: bytes, asked: bytes) -> bool:
    function = raw[1]
    if function in (1, 2, 3, 4, 23):
        return len(raw) == _modbus_size(raw, asked) and raw[2] == len(raw) - ENVELOPE
    if function in (5, 6):
        return raw == asked
    if function in (15, 16):
        return raw[2:6] == asked[2:6] and len(raw) == ASKED
    return True


def _modbus_size(held: bytes, asked: bytes) -> int:
    """How long the answer to this request is; 0 = nobody can know."""
    count = int.from_bytes(asked[4:6], "big")
    function = asked[1]
    if function in BITS:
        return ENVELOPE + (count + 7) // 8
    if function in (3, 4, 23):
        return ENVELOPE + 2 * count
    if function in (5, 6, 15, 16):
        return ASKED
    return ENVELOPE + held[2] if function == 17 and len(held) > 2 else 0
