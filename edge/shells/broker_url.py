"""Where the broker is: mqtt://host[:port] or mqtts://host[:port], and nothing else."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from edge.words import BoxgateError

PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class Address:
    """A broker's address; `tls` by the scheme alone, there is no fall-back to plain text."""

    host: str
    port: int
    tls: bool


def parse(url: str) -> Address:
    """The address in a URL; BoxgateError `broker_url` (exit 2) when it is malformed.

    User name and password do not belong in a URL, which is shown and logged.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _refused(url) from error
    extra = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    host = parts.hostname or ""
    strange = any(c.isspace() or not c.isprintable() for c in url)
    if parts.scheme not in PORTS or not host or extra or strange or port == 0:
        raise _refused(url)
    return Address(host, port or PORTS[parts.scheme], parts.scheme == "mqtts")


def _refused(url: str) -> BoxgateError:
    shown = url.rpartition("@")[2] if "@" in url else url
    return BoxgateError("broker_url", url=shown.encode("unicode_escape").decode("ascii"))
