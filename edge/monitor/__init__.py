"""What the broker says of gateways, as a picture in memory and on a terminal."""

from edge.monitor.picture import Picture
from edge.monitor.view import Frame, Link, draw

__all__ = ["Frame", "Link", "Picture", "draw"]
