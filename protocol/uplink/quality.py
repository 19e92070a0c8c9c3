"""Why a reading is missing or to be taken with care: bits that travel with every meter."""

from enum import IntFlag


class Quality(IntFlag):
    """Quality bits of one meter in one sweep; 0 = nothing to say. Bits are only ever added."""

    CLOCK_UNTRUSTED = 1
    """The gateway's clock had not been set: the times are wrong, their differences are right."""
    CLOCK_HOLDING = 2
    """The clock had been set and has run free since."""
    NO_ANSWER = 4
    """At least one question had no answer in time."""
    REFUSED = 8
    """The meter answered at least one question with an error."""
    NO_VALUE = 16
    """The meter said that it has no value (FF fill, not BCD)."""
    GARBLED = 32
    """Bytes came, but no whole frame of this meter."""
    LINE_DOWN = 64
    """The line's port was gone."""
    NOT_REACHED = 128
    """The sweep ended before this meter's turn came."""
    CT_APPLIED = 256
    """Primary values: the CT/PT ratio has been multiplied in."""
