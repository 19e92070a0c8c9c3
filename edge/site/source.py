"""A declared file from disk to text: bounded, whatever it turns out to be.

Spreadsheets come from Windows: UTF-8 with or without a byte order mark, GB18030 and UTF-16 with its
mark are taken as they are.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from edge.site.problem import Problems

MEGABYTE = 1_000_000

TOML_LIMIT = 1 * MEGABYTE
"""Largest site.toml or gateway.toml, bytes; the largest real one has some 10 kB."""

CSV_LIMIT = 8 * MEGABYTE
"""Largest meter list, bytes; 252 meters take 20 kB."""

ZIP_MAGIC = b"PK\x03\x04"
OLE_MAGIC = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class Source:
    """One file as read: the name people see, its bytes (for the digest), its text."""

    name: str
    data: bytes
    text: str


def read_source(path: Path, limit: int, problems: Problems) -> Source | None:
    """The file's text, or None with the reason among the problems."""
    name = str(path)
    data = _read(path, name, limit, problems)
    if data is None:
        return None
    if data.startswith((ZIP_MAGIC, OLE_MAGIC)):
        problems.error(name, 1, "site_file_excel", name=path.name)
        return None
    text = _decode(data)
    if text is None:
        problems.error(name, 1, "site_file_binary", name=path.name)
        return None
    if not text.strip():
        problems.error(name, 1, "site_file_empty", name=path.name)
        return None
    return Source(name, data, text)


def _read(path: Path, name: str, limit: int, problems: Problems) -> bytes | None:
    """At most `limit` bytes of a plain file; a device or pipe is never opened (it may not end)."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            problems.error(name, 1, "site_file_folder", name=path.name or name)
            return None
        if not stat.S_ISREG(status.st_mode):
            problems.error(name, 1, "site_file_binary", name=path.name)
            return None
        if status.st_size <= limit:
            with path.open("rb") as file:
                data = file.read(limit + 1)
            if len(data) <= limit:
                return data
        size = -(-status.st_size // MEGABYTE)
        problems.error(
            name, 1, "site_file_large", name=path.name, size=size, limit=limit // MEGABYTE
        )
    except (FileNotFoundError, NotADirectoryError):
        problems.error(name, 1, "site_file_missing", name=path.name or name)
    except OSError as error:
        cause = os.strerror(error.errno) if error.errno else "OSError"
        problems.error(name, 1, "site_file_unreadable", name=path.name, cause=cause)
    except ValueError:
        # a path with a NUL byte
        problems.error(name, 1, "site_file_missing", name=path.name)
    return None


def _decode(data: bytes) -> str | None:
    """The text, or None where the bytes are no text in any encoding we take."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\0" in text else text
    return None
