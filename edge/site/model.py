"""The declared world, as frozen structs: what site.toml, meters.csv and gateway.toml say.

Ids are [A-Za-z0-9_-]{1,64}, unique ignoring case; names are free text. A meter's id is its 12-digit
address. No ports and no secrets in the site; no personal data of residents anywhere.
"""

from typing import Literal

import msgspec

Phase = Literal["A", "B", "C", "ABC"]
MeterKind = Literal["household", "public", "feeder", "master"]
MeterProtocol = Literal["dlt645", "dlt698", "modbus"]


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every table row."""


class Transformer(Row, frozen=True, kw_only=True):
    """One transformer 变压器; its area 台区 is what it feeds."""

    id: str
    name: str = ""
    model: str = ""
    rated_kva: float
    rated_voltage_v: int = 400
    vector_group: Literal["Dyn11", "Yyn0"]
    insulation: Literal["oil", "dry"] = "oil"
    no_load_loss_w: float
    load_loss_w: float
    impedance_percent: float
    tap: str = "10/0.4"


class Feeder(Row, frozen=True, kw_only=True):
    """One outgoing cable 出线 from the transformer's 0.4 kV side."""

    id: str
    name: str = ""
    transformer: str
    conductor: str
    length_m: float


class Building(Row, frozen=True, kw_only=True):
    """One building 楼 and the feeder it hangs on."""

    id: str
    name: str = ""
    feeder: str
    stairwells: int
    conductor: str = ""
    """Along the house, stairwell to stairwell."""
    stairwell_length_m: float = 16.0


class Box(Row, frozen=True, kw_only=True):
    """One meter box 表箱, at one stairwell."""

    id: str
    name: str = ""
    building: str
    stairwell: int
    positions: int = 12
    conductor: str = ""
    """Service drop, box to household."""
    length_m: float = 12.0


class Line(Row, frozen=True, kw_only=True):
    """One RS-485 segment 总线. Never a port: that is the gateway's own file."""

    id: str
    name: str = ""
    baud: int = 2400
    parity: Literal["N", "E", "O"] = "E"
    wake_bytes: int = 4
    idle_ms: int = 0
    """Silence before every request; 0 = as its protocol asks (edge/bus/timing.py)."""
    answer_ms: int = 500
    """Longest delay between the end of a request and the first byte of its answer."""
    length_m: float = 0.0
    unit_load: float = 1.0
    """Unit loads of one meter on this segment (1/8-load meters: 0.125)."""
    repeaters: int = 0


class Tmu(Row, frozen=True, kw_only=True):
    """The transformer's own monitoring unit 箱变环境监测单元, Modbus RTU."""

    id: str
    name: str = ""
    transformer: str
    line: str
    unit: int = 1
    map: str = "tmu-1"
    """Its register map: a unit's of protocol/modbus/maps.csv."""


class Gateway(Row, frozen=True, kw_only=True):
    """One gateway and the lines it owns."""

    id: str
    name: str = ""
    lines: tuple[str, ...]


class Responsibility(Row, frozen=True, kw_only=True):
    """Who an event at a place goes to: a grid number and a duty, never a person."""

    scope: str
    grid: str
    duty: Literal["grid_manager", "repair", "metering"]


class Meter(Row, frozen=True, kw_only=True):
    """One meter 表, a row of meters.csv."""

    id: str
    """12 digits, most significant first, as printed on the meter."""
    name: str = ""
    kind: MeterKind
    line: str
    protocol: MeterProtocol = "dlt645"
    profile: str
    """What a sweep asks of it; of a Modbus meter its register map."""
    unit: int = 0
    """Of a Modbus meter its address on the line, 1..247; else 0."""
    phase: Phase
    box: str = ""
    household: str = ""
    feeder: str = ""
    transformer: str = ""
    ct_primary: int = 1
    ct_secondary: int = 1
    pt_primary: int = 1
    pt_secondary: int = 1


class Site(Row, frozen=True, kw_only=True):
    """One neighbourhood 小区, whole and checked."""

    id: str
    name: str = ""
    timezone: str
    period_s: int
    """Length of a slot; 0 = back to back."""
    transformers: tuple[Transformer, ...]
    feeders: tuple[Feeder, ...]
    buildings: tuple[Building, ...]
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    tmus: tuple[Tmu, ...]
    gateways: tuple[Gateway, ...]
    responsibilities: tuple[Responsibility, ...]
    meters: tuple[Meter, ...]
    digest: str
    """SHA-256 of both files, 16 hex digits."""

    def line(self, line_id: str) -> Line:
        """The line of that id; KeyError if there is none."""
        for line in self.lines:
            if line.id == line_id:
                return line
        raise KeyError(line_id)

    def meters_on(self, line_id: str) -> tuple[Meter, ...]:
        """The meters of one line, in the order of meters.csv."""
        return tuple(meter for meter in self.meters if meter.line == line_id)


class Port(Row, frozen=True, kw_only=True):
    """Where a line's serial device is: one [line.ID] table of gateway.toml or a port map."""

    port: str
    parity: Literal["N", "E", "O"] | None = None
    """Overrides the line's parity: a pty drops parity, so a port map of ptys says N."""
    direction: Literal["auto", "rts", "kernel"] = "auto"


class Broker(Row, frozen=True, kw_only=True):
    """The [broker] table of gateway.toml."""

    url: str = "mqtt://127.0.0.1:1883"
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    ack: Literal["broker", "head-end"] = "broker"
    username: str = ""
    password_file: str = ""
    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""
    keepalive_s: int = 60


class GatewayFile(Row, frozen=True, kw_only=True):
    """gateway.toml: what belongs to this gateway and not to the site."""

    version: int = 1
    state: str = ""
    """Folder of the journal."""
    broker: Broker = Broker()
    line: dict[str, Port] = {}
