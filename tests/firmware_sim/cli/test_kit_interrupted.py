"""A kit that somebody interrupts is not begun or whole, and leaves nothing beside it."""

import os
import signal
from pathlib import Path

import pytest

from firmware_sim.cli import flash_kit
from firmware_sim.cli.main import main

ARGUMENTS = ("--firmware", "sdm630", "--source")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_while_its_files_are_made_nothing_is_written(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: signal.Signals,
) -> None:
    def modules(name: str, *, source: bool) -> dict[str, bytes]:
        os.kill(os.getpid(), number)
        return {}

    monkeypatch.setattr(flash_kit, "_modules", modules)
    assert main(["flash-kit", str(tmp_path / "kit"), *ARGUMENTS]) == 0
    assert "Stopped on request" in capsys.readouterr().err
    assert not (tmp_path / "kit").exists()


def test_while_it_is_written_it_becomes_whole_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["flash-kit", str(tmp_path / "whole"), *ARGUMENTS]) == 0
    write = Path.write_bytes

    def pressed(path: Path, data: bytes) -> int:
        os.kill(os.getpid(), signal.SIGINT)
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", pressed)
    main(["flash-kit", str(tmp_path / "kit"), *ARGUMENTS])
    monkeypatch.undo()
    whole, kit = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*")}
        for folder in (tmp_path / "whole", tmp_path / "kit")
    )
    assert kit == whole
