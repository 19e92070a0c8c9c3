"""How long a line is silent before a request: the protocol's own rule at the line's baud rate.

30 ms on DL/T 645 (fact sheet §8), 33 bit times on DL/T 698.45, 3.5 characters of Modbus RTU, which
above 19200 baud are 1.75 ms (Modbus over serial line V1.02 §2.5.1.1). A line's `idle_ms` replaces
the first, which is custom, and can only lengthen the other two, which are rules.
"""

from edge.site.model import Line

SECOND_NS = 1_000_000_000
BITS = {"N": 10, "E": 11, "O": 11}
"""Of one character, by parity."""
IDLE_645_NS = 30_000_000
IDLE_698_BITS = 33
IDLE_MODBUS_NS = 1_750_000
"""The least: t3.5 above 19200 baud."""


def silences(line: Line) -> dict[str, int]:
    """Silence on a line before a request of each protocol, ns, rounded up."""
    declared = line.idle_ms * 1_000_000
    bits_698 = -(-IDLE_698_BITS * SECOND_NS // line.baud)
    characters = -(-7 * BITS[line.parity] * SECOND_NS // (2 * line.baud))
    return {
        "dlt645": declared or IDLE_645_NS,
        "dlt698": max(bits_698, declared),
        "modbus": max(characters, IDLE_MODBUS_NS, declared),
    }
