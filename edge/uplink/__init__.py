"""The session: what waits in the journal, to the utility's broker."""

from edge.uplink.session import DEST, Session, UplinkSettings

__all__ = ["DEST", "Session", "UplinkSettings"]
