"""Topic names: boxgate/1/{site}/{gateway}/…; no id can leave its own level."""

import re
from dataclasses import dataclass

from protocol.uplink.errors import PayloadError

ROOT = "boxgate/1"
"""Level 1 is the version: below it things are only added."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def checked(word: str) -> str:
    """The id itself; PayloadError when it is not [A-Za-z0-9_-]{1,64} (no /, +, #, NUL)."""
    if not _ID.fullmatch(word):
        raise PayloadError(f"{word!r} is no id: [A-Za-z0-9_-], 1 to 64 characters")
    return word


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one gateway; PayloadError when an id is none."""

    site: str
    gateway: str

    def __post_init__(self) -> None:
        checked(self.site)
        checked(self.gateway)

    @property
    def data(self) -> str:
        """Batches, up, QoS 1."""
        return self._under("data")

    @property
    def event(self) -> str:
        """Events, up, QoS 1."""
        return self._under("event")

    @property
    def state(self) -> str:
        """State, up, QoS 1, retained, and the will."""
        return self._under("state")

    @property
    def card(self) -> str:
        """The site card on .../site, up, QoS 1, retained."""
        return self._under("site")

    @property
    def commit(self) -> str:
        """The head-end's word, down, QoS 1."""
        return self._under("commit")

    def request(self, verb: str) -> str:
        """A request to the gateway, down, QoS 1."""
        return self._under(f"request/{checked(verb)}")

    def response(self, verb: str) -> str:
        """Its answer, up, QoS 1."""
        return self._under(f"response/{checked(verb)}")

    def _under(self, tail: str) -> str:
        return f"{ROOT}/{self.site}/{self.gateway}/{tail}"
