"""What the walks through bad input stand on: a good site to spoil, and the case of one walk."""

import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.edge.cli.processes import METERS, ROOT, port_map, site
from tests.edge.site.good import replaced

EXAMPLE = str(ROOT / "examples" / "xiyuan-5")
GOOD_LIST = f"表号\n{METERS[0]}\n".encode()


@dataclass(slots=True)
class Place:
    """A folder with a good site of one meter, a port map onto a silent pty, and a state folder."""

    folder: Path
    pty: str

    @property
    def site(self) -> str:
        """The site's folder."""
        path = self.folder / "site"
        return str(path if path.exists() else site(path, 1, answer_ms=20))

    @property
    def state(self) -> Path:
        """A state folder of its own."""
        path = self.folder / "state"
        path.mkdir(exist_ok=True)
        return path

    def file(self, name: str, content: str | bytes = "") -> str:
        """A file of that content."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def spoilt(self, old: str, new: str, name: str = "site.toml") -> str:
        """The good site with one change."""
        path = Path(self.site) / name
        path.write_text(replaced(path.read_text(), (old, new)))
        return self.site

    def replaced_by(self, content: bytes, name: str = "site.toml") -> str:
        """The good site with a file of other content."""
        (Path(self.site) / name).write_bytes(content)
        return self.site

    def ports(self, port: str = "") -> str:
        """A port map of line b1."""
        return str(port_map(self.folder / "ports.toml", b1=port or self.pty))

    def run(self, *more: str, port: str = "") -> list[str]:
        """`run` of one sweep, without a broker unless `more` says so."""
        base = ["run", self.site, "--ports", self.ports(port), "--state", str(self.state)]
        broker = [] if "--broker" in more or "--config" in more else ["--no-broker"]
        return [*base, "--sweeps", "1", *broker, *more]

    def config(self, broker: str = "", head: str = "") -> list[str]:
        """`run` with a gateway.toml."""
        text = f"version = 1\n{head}\n[broker]\n{broker}\n"
        return self.run("--config", self.file("gateway.toml", text))

    def journal(self, sql: str = "", content: bytes = b"") -> list[str]:
        """`run` over a journal file that is there already."""
        path = self.state / "journal.db"
        if sql:
            with sqlite3.connect(path) as connection:
                connection.executescript(sql)
            connection.close()
        else:
            path.write_bytes(content)
        return self.run()


Build = Callable[[Place], list[str]]


@dataclass(frozen=True, slots=True)
class Case:
    """One bad input: what is called, the message it ends in, and in which exit code."""

    id: str
    key: str
    code: int
    build: Build
    program: str = "boxgate"


def broken_link(p: Place) -> str:
    """A file that is a link to itself."""
    (p.folder / "loop").symlink_to(p.folder / "loop")
    return str(p.folder / "loop")


def huge(p: Place) -> str:
    """A file of 100 MB that takes no room."""
    path = p.file("huge")
    os.truncate(path, 100 << 20)
    return path


def made(path: Path) -> str:
    """A folder."""
    path.mkdir()
    return str(path)
