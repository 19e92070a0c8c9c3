"""Secrets are files, never values: read one, and refuse what others could have read or changed."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from edge.words.messages import BoxgateError

LIMIT = 4096
"""Longest secret, bytes."""

CREDENTIALS = "$CREDENTIALS_DIRECTORY/"
"""Prefix of a file that systemd hands over (LoadCredential=)."""


def secret_path(path: str, environ: Mapping[str, str]) -> Path:
    """The file a reference means; BoxgateError where the folder of credentials is not given."""
    if not path.startswith(CREDENTIALS):
        return Path(path)
    folder = environ.get("CREDENTIALS_DIRECTORY", "")
    if not folder:
        raise BoxgateError("secret_directory", name=path)
    return Path(folder) / path.removeprefix(CREDENTIALS)


def read_secret(path: str, environ: Mapping[str, str]) -> str:
    """The secret without its last line end; BoxgateError where the file is not fit to hold one.

    No message ever shows what is in the file.
    """
    file = secret_path(path, environ)
    try:
        # not to be caught by a pipe that nobody writes to
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        cause = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "path"
        raise BoxgateError("secret_missing", name=file, cause=cause) from error
    try:
        # of the open file, so that it cannot be exchanged between check and reading
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise BoxgateError("secret_bad", name=file, limit=LIMIT)
        if mode & (stat.S_IROTH | stat.S_IWOTH):
            raise BoxgateError("secret_open", name=file, mode=f"{stat.S_IMODE(mode):04o}")
        data = os.read(descriptor, LIMIT + 1)
    except OSError as error:
        cause = os.strerror(error.errno or 0)
        raise BoxgateError("secret_missing", name=file, cause=cause) from error
    finally:
        os.close(descriptor)
    try:
        text = data.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise BoxgateError("secret_bad", name=file, limit=LIMIT) from error
    if not text or len(data) > LIMIT:
        raise BoxgateError("secret_bad", name=file, limit=LIMIT)
    return text
