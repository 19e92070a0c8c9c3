"""Secrets: read from files, never from files that others can read, never shown."""

from pathlib import Path

import pytest

from edge.site.secret import LIMIT, read_secret
from edge.words.messages import BoxgateError


def secret(path: Path, data: bytes = b"hunter2\n", mode: int = 0o600) -> Path:
    path.write_bytes(data)
    path.chmod(mode)
    return path


def refused(path: str, environ: dict[str, str] | None = None) -> BoxgateError:
    with pytest.raises(BoxgateError) as caught:
        read_secret(path, environ or {})
    assert caught.value.exit_code == 2
    assert "hunter2" not in caught.value.text("en")
    return caught.value


@pytest.mark.parametrize("data", [b"hunter2", b"hunter2\n", b"hunter2\r\n"])
def test_a_secret_is_read_without_its_line_end(tmp_path: Path, data: bytes) -> None:
    assert read_secret(str(secret(tmp_path / "s", data)), {}) == "hunter2"


def test_blanks_inside_a_secret_are_kept(tmp_path: Path) -> None:
    assert read_secret(str(secret(tmp_path / "s", b" a b \n")), {}) == " a b "


def test_a_reference_to_the_credentials_directory_is_resolved(tmp_path: Path) -> None:
    secret(tmp_path / "mqtt", mode=0o440)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert read_secret("$CREDENTIALS_DIRECTORY/mqtt", environ) == "hunter2"


def test_a_credentials_directory_that_is_not_given_is_told(tmp_path: Path) -> None:
    error = refused("$CREDENTIALS_DIRECTORY/mqtt")
    assert error.key == "secret_directory"
    assert "LoadCredential=" in error.text("en")


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602])
def test_a_secret_open_to_others_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    error = refused(str(secret(tmp_path / "s", mode=mode)))
    assert error.key == "secret_open"
    assert "chmod 600" in error.text("en")
    assert f"{mode:04o}" in error.text("en")


def test_a_missing_secret_is_told_with_its_path(tmp_path: Path) -> None:
    error = refused(str(tmp_path / "none"))
    assert error.key == "secret_missing"
    assert "none" in error.text("en")


@pytest.mark.parametrize("data", [b"", b"\n", b"x" * (LIMIT + 1), b"\xff\xfe"])
def test_a_file_that_holds_no_secret_is_refused(tmp_path: Path, data: bytes) -> None:
    assert refused(str(secret(tmp_path / "s", data))).key == "secret_bad"


def test_a_folder_or_a_broken_path_is_refused(tmp_path: Path) -> None:
    assert refused(str(tmp_path)).key == "secret_bad"
    assert refused("a\0b").key == "secret_missing"
