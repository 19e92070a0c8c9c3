"""gateway.toml and port maps from disk: what belongs to one gateway and not to the site."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from edge.site.document import Document, read_document
from edge.site.fields import ID, rules
from edge.site.model import Broker, GatewayFile, Port, Site
from edge.site.problem import Problem, Problems, first_error, listed, near
from edge.site.rows import Row, check_fields, unknown_keys

_SECRETS = {"password": "password_file", "token": "password_file", "secret": "password_file"}
_SECRETS |= {"key": "key_file", "private_key": "key_file", "user": "username"}


@dataclass(frozen=True, slots=True)
class LoadedGateway:
    """gateway.toml as far as it could be read; None where any problem is an error."""

    gateway: GatewayFile | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class LoadedPorts:
    """A port map as far as it could be read; None where any problem is an error."""

    ports: dict[str, Port] | None
    problems: tuple[Problem, ...]


def read_gateway(path: Path) -> GatewayFile:
    """gateway.toml, or BoxgateError("site_invalid") with the first error and the count of all."""
    loaded = load_gateway(path)
    if loaded.gateway is None:
        raise first_error(loaded.problems)
    return loaded.gateway


def read_ports(path: Path) -> dict[str, Port]:
    """A port map by line id, or BoxgateError("site_invalid")."""
    loaded = load_ports(path)
    if loaded.ports is None:
        raise first_error(loaded.problems)
    return loaded.ports


def load_gateway(path: Path) -> LoadedGateway:
    """gateway.toml and all that is wrong with it; never raises."""
    problems = Problems()
    document = read_document(path, problems)
    if document is None:
        return LoadedGateway(None, problems.sorted())
    own = _top(document, ["state", "broker", "line"], problems)
    broker = _broker(document, problems)
    ports = _ports(document, problems)
    if problems.errors:
        return LoadedGateway(None, problems.sorted())
    gateway = GatewayFile(state=own.values.get("state", ""), broker=broker, line=ports)
    return LoadedGateway(gateway, problems.sorted())


def load_ports(path: Path) -> LoadedPorts:
    """A port map and all that is wrong with it; never raises."""
    problems = Problems()
    document = read_document(path, problems)
    if document is None:
        return LoadedPorts(None, problems.sorted())
    _top(document, ["line"], problems)
    ports = _ports(document, problems)
    return LoadedPorts(None if problems.errors else ports, problems.sorted())


def check_against_site(
    ports: dict[str, Port], path: Path, site: Site, gateway: str | None = None
) -> tuple[Problem, ...]:
    """Ports of lines the site does not have, and lines of the gateway(s) that have no port."""
    problems = Problems()
    document = read_document(path, Problems())
    line_of: Callable[..., int] = document.locator.line if document else lambda *_: 1
    known = [line.id for line in site.lines]
    for line in ports:
        if line in known:
            continue
        row = Row("line", 1, str(path), 1, lambda _key, line=line: line_of("line", line))  # type: ignore[misc]
        row.id = line
        if guess := near(line, known):
            row.error(problems, line, "site_ref_missing_near", key="id", got=line, near=guess)
        else:
            facts = {"key": "id", "got": line, "known": listed(known)}
            row.error(problems, line, "site_ref_missing", **facts)
    for owner in site.gateways:
        if gateway is not None and owner.id != gateway:
            continue
        for line in owner.lines:
            if line not in ports:
                problems.warning(str(path), 1, "site_port_none", line=line, name=path.name)
    return problems.sorted()


def _top(document: Document, known: list[str], problems: Problems) -> Row:
    """The keys outside any table."""
    row = Row("gateway_file", 1, document.source.name, 1, document.locator.line)
    tables = [key for key in ("broker", "line") if key in known]
    own = document.values.items()
    plain = {key: value for key, value in own if key not in ("version", *tables)}
    plain = _without_secrets(row, plain, known, problems)
    check_fields(row, plain, problems)
    unknown_keys(row, plain, known, problems)
    return row


def _broker(document: Document, problems: Problems) -> Broker:
    row = Row(
        "broker",
        1,
        document.source.name,
        document.locator.line("broker"),
        lambda key: document.locator.line("broker", key),
    )
    raw = document.values.get("broker", {})
    if not isinstance(raw, dict):
        facts = {"table": "broker", "header": "[broker]"}
        problems.error(row.file, row.line, "site_table_shape", **facts)
        return Broker()
    known = list(rules("broker"))
    raw = _without_secrets(row, raw, known, problems)
    check_fields(row, raw, problems)
    unknown_keys(row, raw, known, problems)
    if bool(row.values.get("certificate_file")) != bool(row.values.get("key_file")):
        present = "key_file" if row.values.get("key_file") else "certificate_file"
        row.error(problems, present, "site_tls_half")
    return msgspec.convert(row.values, Broker) if row.whole else Broker()


def _ports(document: Document, problems: Problems) -> dict[str, Port]:
    name, locator = document.source.name, document.locator
    raw_lines = document.values.get("line", {})
    if not isinstance(raw_lines, dict):
        facts = {"table": "line", "header": "[line.ID]"}
        problems.error(name, locator.line("line"), "site_table_shape", **facts)
        return {}
    ports: dict[str, Port] = {}
    taken: dict[str, str] = {}
    for line, raw in raw_lines.items():
        row = _port_row(document, line, raw, problems)
        if row is None or not row.whole:
            continue
        port = row.values["port"]
        if port in taken:
            facts = {"line": line, "other": taken[port], "port": port}
            row.error(problems, "port", "site_port_twice", **facts)
            continue
        taken[port] = line
        ports[line] = msgspec.convert(row.values, Port)
    return ports


def _port_row(document: Document, line: str, raw: Any, problems: Problems) -> Row | None:
    name, locator = document.source.name, document.locator
    at = locator.line("line", line)
    if not isinstance(raw, dict):
        facts = {"table": "line", "header": "[line.ID]"}
        problems.error(name, at, "site_table_shape", **facts)
        return None
    row = Row("port", 1, name, at, lambda key: locator.line("line", line, key))
    row.id = line
    if not ID.fullmatch(line):
        row.error(problems, "", "site_value_id", key="line", got=line or '""')
    check_fields(row, raw, problems)
    unknown_keys(row, raw, list(rules("port")), problems)
    return row


def _without_secrets(
    row: Row, raw: dict[str, Any], known: list[str], problems: Problems
) -> dict[str, Any]:
    """The keys that are no secret; a secret in the file is an error that never shows its value."""
    rest = {}
    for key, value in raw.items():
        instead = _SECRETS.get(key.lower().replace("-", "_"))
        if key not in known and instead:
            facts = {"name": row.file.rsplit("/", 1)[-1], "near": instead}
            row.error(problems, key, "site_secret_inline", **facts)
        else:
            rest[key] = value
    return rest
