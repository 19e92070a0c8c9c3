"""What is never shown of a frame: the password of a connection, sent or set (sheet §2).

The bytes somebody gives to be decoded are his own and stand in the table as they are; what is said
of them, in values, JSON and one-line logs alike, has HIDDEN in the password's place.
"""

from typing import Any

from protocol.dlt698.axdr import BYTES
from protocol.dlt698.wire import Codec

HIDDEN = "********"
"""What is shown of a password, however long it is."""

PASSWORD_OI = 0x4401
"""The object whose value is the password of a connection [?]."""

SECRET = Codec(BYTES.read, BYTES.write, lambda value: HIDDEN)
"""A password's bytes."""


def covered(codec: Codec) -> Codec:
    """The same thing with an `oad`, its `data` not shown where that is a password."""

    def show(value: Any) -> dict[str, Any]:
        said: dict[str, Any] = codec.show(value)
        if value.oad >> 16 == PASSWORD_OI and "data" in said:
            said["data"] = HIDDEN
        return said

    return Codec(codec.read, codec.write, show)
