"""Which gateway this is, which of its lines have a port here, where its state lies."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from edge.site.model import Gateway, GatewayFile, Line, Port, Site
from edge.words import BoxgateError


def this_gateway(site: Site, named: str | None) -> Gateway:
    """The gateway named, or the site's only one."""
    ids = ", ".join(gateway.id for gateway in site.gateways)
    if named is None:
        if len(site.gateways) != 1:
            raise BoxgateError("gateway_which", ids=ids)
        return site.gateways[0]
    for gateway in site.gateways:
        if gateway.id == named:
            return gateway
    raise BoxgateError("gateway_unknown", gateway=named, ids=ids)


def lines_here(
    site: Site, gateway: Gateway, ports: Mapping[str, Port], only: Sequence[str] | None
) -> tuple[Line, ...]:
    """The gateway's lines that have a port, or of them those named by `only`."""
    known = [line.id for line in site.lines]
    for line in only or ():
        if line not in known:
            raise BoxgateError("line_unknown", line=line, ids=", ".join(known))
    wanted = tuple(only) if only else gateway.lines
    found = tuple(line for line in site.lines if line.id in wanted and line.id in ports)
    if not found:
        raise BoxgateError("no_line", gateway=gateway.id)
    return found


def state_folder(named: Path | None, config: GatewayFile, gateway: Gateway) -> Path:
    """Where the journal lies: the option, gateway.toml, or /var/lib/boxgate/GATEWAY."""
    return named or Path(config.state or f"/var/lib/boxgate/{gateway.id}")
