"""How the gateway stands with its broker, in a word for the log: told when it changes."""

from edge.uplink.session import Phase, Session

UNHEARD = "nobody subscribes to the data, which waits in the journal"
REFUSED = (
    "the broker refuses what is published, which waits in the journal; "
    "let this gateway write boxgate/1/# there (ACL, quota)"
)
DEAF = (
    "the broker does not let this gateway read its .../commit ({reason}), so nothing counts as "
    'stored; allow it there (ACL), or set ack = "broker"'
)


class Standing:
    """Watches a session: online, offline and why, refused, unheard, deaf."""

    def __init__(self) -> None:
        self._told = ("", "")
        self._unheard = self._refused = 0

    def changed(self, session: Session) -> tuple[str, str] | None:
        """(state, reason) where it is another than last time."""
        now = self._of(session)
        if now is None or now == self._told:
            return None
        self._told = now
        return now

    def _of(self, session: Session) -> tuple[str, str] | None:
        counters = session.counters
        if session.phase is Phase.ONLINE:
            if session.deaf:
                return ("deaf", DEAF.format(reason=session.deaf))
            if counters.refused > self._refused:
                return ("refused", REFUSED)
            if counters.no_subscriber > self._unheard:
                return ("unheard", UNHEARD)
            return None if self._told[0] in ("unheard", "refused") else ("online", "")
        if session.phase is Phase.IDLE and session.reason:
            self._unheard, self._refused = counters.no_subscriber, counters.refused
            return ("offline", session.reason)
        return None
