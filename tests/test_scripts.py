"""The scripts on poor machines: no Python, no venv module, no registry, two at once, a second run.

Each test lays a clone's worth of files in a folder and puts stand-ins for the tools on the PATH, so
that no network and no compiler are needed; the real set-up is what runs these very tests.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import textwrap
import time

import pytest

ROOT = pathlib.Path(__file__).parents[1]
SCRIPTS = ("test", "check", "bench", "demo", "hunt")
DEADLINE_S = 120
TOOLS = (
    *("cat", "cksum", "cut", "date", "dirname", "flock", "ls", "mkdir"),
    *("mktemp", "rm", "sed", "sh", "sha256sum", "tail"),
)
FAKE_PYTHON = f"""
    #!/bin/sh
    # stands for a Python; what it is asked goes to calls.txt
    echo "$*" >>"$FAKE_LOG"
    case "$*" in
    *"version_info < (3, 11)"*) exit 0 ;;
    *"import venv, ensurepip"*) exit "${{FAKE_NO_VENV:-0}}" ;;
    *"%d.%d"*) echo 3.12; exit 0 ;;
    *"-m venv"*) mkdir -p .venv/bin && cat "$0" >.venv/bin/python &&
        {shutil.which("chmod")} +x .venv/bin/python; exit 0 ;;
    *"-m pip --version"*) exit 0 ;;
    *"pip install"*)
        if [ -n "${{FAKE_NO_REGISTRY:-}}" ]; then
            echo "ERROR: Could not find a version that satisfies setuptools" >&2
            exit 1
        fi
        echo "WARNING: frightening but harmless"
        printf '#!/bin/sh\\necho "boxgate 0.1.0 (kernels: plain)"\\n' >.venv/bin/boxgate
        {shutil.which("chmod")} +x .venv/bin/boxgate
        exit 0 ;;
    *"-m pytest"*) echo "pytest ran: $*"; exit "${{FAKE_TESTS:-0}}" ;;
    *) exit 0 ;;
    esac
"""


class Clone:
    """A folder with the scripts and what their stamp reads, and a PATH of chosen tools."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.root = folder / "clone"
        self.tools = folder / "tools"
        self.calls = folder / "calls.txt"
        self.root.mkdir()
        self.tools.mkdir()
        shutil.copytree(ROOT / "scripts", self.root / "scripts")
        for name in ("pyproject.toml", "setup.py"):
            shutil.copy(ROOT / name, self.root / name)
        for tool in TOOLS:
            found = shutil.which(tool)
            if found:
                (self.tools / tool).symlink_to(found)

    def put(self, name: str, text: str) -> None:
        """Put a stand-in on the PATH."""
        path = self.tools / name
        path.write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")
        path.chmod(0o755)

    def run(self, script: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a script with nothing but the chosen tools."""
        return subprocess.run(
            [str(self.root / "scripts" / script), *arguments],
            cwd=self.root.parent,
            env={
                "PATH": str(self.tools),
                "FAKE_LOG": str(self.calls),
                "TMPDIR": str(self.root.parent),
                **env,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )

    def pips(self) -> int:
        """How often pip was asked to install."""
        return self.calls.read_text(encoding="utf-8").count("pip install")


@pytest.fixture
def clone(tmp_path: pathlib.Path) -> Clone:
    """A clone on a machine with a stand-in for Python 3.12."""
    made = Clone(tmp_path)
    made.put("python3", FAKE_PYTHON)
    return made


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_explains_itself_without_setting_anything_up(
    clone: Clone, script: str
) -> None:
    done = clone.run(script, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: scripts/{script}")
    assert not (clone.root / ".venv").exists()


@pytest.mark.parametrize("script", [*SCRIPTS, "_env"])
def test_every_script_is_plain_posix_shell(script: str) -> None:
    shell = shutil.which("dash") or "sh"
    done = subprocess.run(
        [shell, "-n", str(ROOT / "scripts" / script)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_ci_run_is_well_formed_and_executable() -> None:
    path = ROOT / ".ci" / "run"
    assert os.access(path, os.X_OK)
    done = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_without_any_python_one_line_says_which_is_needed(tmp_path: pathlib.Path) -> None:
    bare = Clone(tmp_path)
    done = bare.run("test")
    assert done.returncode == 2
    assert "no Python 3.11 or newer found" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_old_python_and_a_shim_that_does_not_run_are_passed_over(clone: Clone) -> None:
    clone.put("python3.13", "#!/bin/sh\nexit 127\n")
    clone.put("python3.12", "#!/bin/sh\nexit 1\n")
    done = clone.run("test")
    assert done.returncode == 0, done.stderr
    assert "pytest ran" in done.stdout


def test_a_python_without_venv_is_told_the_debian_package(clone: Clone) -> None:
    done = clone.run("test", FAKE_NO_VENV="1")
    assert done.returncode == 2
    assert "apt-get install python3.12-venv" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (clone.root / ".venv").exists()


def test_without_a_registry_the_failed_step_is_named_after_its_own_words(clone: Clone) -> None:
    done = clone.run("test", FAKE_NO_REGISTRY="1")
    assert done.returncode == 2
    *words, last = done.stderr.splitlines()
    assert "ERROR: Could not find a version that satisfies setuptools" in words
    assert "'pip install -e .[dev]' failed" in last
    assert "no network" in last
    assert "pytest ran" not in done.stdout


def test_after_a_failed_set_up_the_next_run_tries_again(clone: Clone) -> None:
    clone.run("test", FAKE_NO_REGISTRY="1")
    assert clone.run("test").returncode == 0
    assert clone.pips() == 2


def test_what_pip_mutters_on_success_is_not_shown(clone: Clone) -> None:
    done = clone.run("test")
    assert done.returncode == 0
    assert "WARNING" not in done.stdout + done.stderr
    assert "boxgate 0.1.0 (kernels: plain)" in done.stderr


def test_a_second_run_installs_nothing_and_says_nothing(clone: Clone) -> None:
    clone.run("test")
    second = clone.run("test", "-k", "echo")
    assert second.stderr == ""
    assert second.stdout == "pytest ran: -m pytest -k echo\n"
    assert clone.pips() == 1


@pytest.mark.parametrize("changed", ["pyproject.toml", "setup.py", "cext/new_c.pyx", "cext/a.pxd"])
def test_a_change_of_dependencies_build_or_kernel_installs_again(
    clone: Clone, changed: str
) -> None:
    clone.run("test")
    path = clone.root / changed
    path.parent.mkdir(exist_ok=True)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(f"# changed\n{text}", encoding="utf-8")
    clone.run("test")
    assert clone.pips() == 2


def test_a_change_of_a_tool_s_settings_installs_nothing(clone: Clone) -> None:
    clone.run("test")
    with (clone.root / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("\n[tool.some]\nkey = 1\n")
    clone.run("test")
    assert clone.pips() == 1


def test_a_compiler_that_arrives_builds_the_kernels_on_the_next_run(clone: Clone) -> None:
    clone.run("test")
    clone.put("gcc", "#!/bin/sh\n")
    clone.run("test")
    assert clone.pips() == 2


def test_the_demo_asks_for_less_and_is_content_with_what_the_tests_installed(
    clone: Clone,
) -> None:
    clone.run("test")
    (clone.root / ".venv" / "bin" / "boxgate-sim").symlink_to(clone.tools / "cat")
    clone.run("demo")
    assert clone.pips() == 1
    shutil.rmtree(clone.root / ".venv")
    clone.run("demo")
    assert ".[demo]" in clone.calls.read_text(encoding="utf-8")


def test_a_moved_clone_makes_its_environment_again(clone: Clone) -> None:
    clone.run("test")
    moved = clone.root.with_name("moved")
    clone.root.rename(moved)
    clone.root = moved
    done = clone.run("test")
    assert done.returncode == 0
    assert "making .venv" in done.stderr


def test_the_exit_code_of_the_tests_is_the_script_s(clone: Clone) -> None:
    assert clone.run("test", FAKE_TESTS="1").returncode == 1


def test_unknown_words_are_refused_before_anything_is_set_up(clone: Clone) -> None:
    for script in ("bench", "check"):
        done = clone.run(script, "nonsense")
        assert done.returncode == 2
        assert "nonsense" in done.stderr
    assert not (clone.root / ".venv").exists()


@pytest.mark.skipif(not shutil.which("flock"), reason="no flock on this machine")
def test_of_two_set_ups_at_once_one_waits_for_the_other(clone: Clone) -> None:
    held = subprocess.Popen(
        ["flock", str(clone.root / ".setup-lock"), sys.executable, "-c", "input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        taken = ["flock", "-n", str(clone.root / ".setup-lock"), "true"]
        until = time.monotonic() + DEADLINE_S
        while subprocess.run(taken, check=False).returncode == 0:
            assert held.poll() is None
            assert time.monotonic() < until
        waiting = subprocess.Popen(
            [str(clone.root / "scripts" / "test")],
            env={"PATH": str(clone.tools), "FAKE_LOG": str(clone.calls)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert waiting.stderr is not None
        assert "another set-up of this clone is running" in waiting.stderr.readline()
        assert waiting.poll() is None
    finally:
        held.communicate(b"\n", timeout=DEADLINE_S)
    out, _ = waiting.communicate(timeout=DEADLINE_S)
    assert waiting.returncode == 0
    assert "pytest ran" in out


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        ((), "-m pytest -n 3 --dist loadfile"),
        (("-rs",), "-m pytest -n 3 --dist loadfile -rs"),
        (("tests/edge", "-x"), "-m pytest tests/edge -x"),
    ],
)
def test_all_tests_run_in_several_processes_and_chosen_ones_in_one(
    clone: Clone, arguments: tuple[str, ...], asked: str
) -> None:
    clone.run("test", *arguments)
    assert asked in clone.calls.read_text(encoding="utf-8").splitlines()
