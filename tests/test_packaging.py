"""What is installed: kernels or their twins, every table, no kernel of other sources."""

import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Mapping

import pytest

from tests.house_contract import PACKAGES

ROOT = pathlib.Path(__file__).parents[1]
DATA = frozenset({".csv", ".sql", ".toml", ".pyi", ".pyx", ".pxd"})
NO_COMPILER = {"CC": "/bin/false", "CXX": "/bin/false", "LDSHARED": "/bin/false"}
DEPENDENCIES = sysconfig.get_path("purelib")
"""With `python -S`: what we stand on, but not the boxgate that may be installed beside it."""
PROBE = '''"""A kernel so small that building it takes no time."""

cdef extern from *:
    """
    #ifndef BOXGATE_SOURCE_DIGEST
    #define BOXGATE_SOURCE_DIGEST ""
    #endif
    """
    const char* BOXGATE_SOURCE_DIGEST

SOURCE_DIGEST = BOXGATE_SOURCE_DIGEST.decode()


def answer():
    return 42
'''


def python(
    tree: pathlib.Path, *arguments: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run this Python in a tree; the choice of kernels is not inherited."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("BOXGATE_")}
    inherited.pop("PYTHONPATH", None)
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=tree,
        env={**inherited, "LANG": "C.UTF-8", **(env or {})},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def copy_tree(target: pathlib.Path) -> pathlib.Path:
    """The sources as a clone holds them: nothing built."""
    ignore = shutil.ignore_patterns("*.so", "*_c.c", "__pycache__")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, target / name, ignore=ignore)
    for name in ("setup.py", "pyproject.toml", "LICENSE", "README.md"):
        shutil.copy(ROOT / name, target / name)
    return target


@pytest.fixture
def probe_tree(tmp_path: pathlib.Path) -> pathlib.Path:
    """A tree whose only kernel is the probe, not yet built."""
    tree = copy_tree(tmp_path)
    for source in (tree / "cext").glob("*.p[yx][xd]"):
        source.unlink()
    (tree / "cext" / "probe_c.pyx").write_text(PROBE, encoding="utf-8")
    (tree / "cext" / "probe_py.py").write_text("def answer():\n    return 42\n", encoding="utf-8")
    return tree


def build(tree: pathlib.Path, **env: str) -> subprocess.CompletedProcess[str]:
    """The build in place, as an editable install runs it."""
    return python(tree, "setup.py", "-q", "build_ext", "--inplace", env=env)


def picked(tree: pathlib.Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Which probe the tree serves: prints compiled or plain."""
    code = "from cext import build; k = build.pick('probe'); k.answer(); print(build.kernel(k))"
    return python(tree, "-c", code, env=env)


def test_a_built_kernel_serves_unless_the_environment_asks_for_its_twin(
    probe_tree: pathlib.Path,
) -> None:
    assert build(probe_tree).returncode == 0
    assert picked(probe_tree).stdout == "compiled\n"
    assert picked(probe_tree, BOXGATE_NO_EXTENSIONS="1").stdout == "plain\n"


def test_a_kernel_older_than_its_source_is_refused_with_the_way_out(
    probe_tree: pathlib.Path,
) -> None:
    build(probe_tree)
    source = probe_tree / "cext" / "probe_c.pyx"
    source.write_text(PROBE.replace("42", "43"), encoding="utf-8")
    refused = picked(probe_tree)
    assert refused.returncode == 1
    assert "cext/probe_c was built from other sources" in refused.stderr
    assert "python setup.py build_ext --inplace" in refused.stderr
    assert picked(probe_tree, BOXGATE_NO_EXTENSIONS="1").stdout == "plain\n"
    build(probe_tree)
    assert picked(probe_tree).stdout == "compiled\n"


def test_an_edited_shared_declaration_makes_a_kernel_stale_as_well(
    probe_tree: pathlib.Path,
) -> None:
    build(probe_tree)
    (probe_tree / "cext" / "shared.pxd").write_text("ctypedef int number\n", encoding="utf-8")
    assert "was built from other sources" in picked(probe_tree).stderr


def test_a_rebuild_that_fails_leaves_the_twin_and_not_the_old_kernel(
    probe_tree: pathlib.Path,
) -> None:
    build(probe_tree)
    source = probe_tree / "cext" / "probe_c.pyx"
    source.write_text(PROBE.replace("42", "43"), encoding="utf-8")
    failed = build(probe_tree, **NO_COMPILER)
    assert failed.returncode == 0
    assert picked(probe_tree).stdout == "plain\n"


def test_without_a_compiler_the_build_succeeds_and_says_so_in_one_line(
    probe_tree: pathlib.Path,
) -> None:
    done = build(probe_tree, **NO_COMPILER)
    assert done.returncode == 0
    lines = [line for line in done.stderr.splitlines() if line.startswith("boxgate:")]
    assert len(lines) == 1
    assert "cext.probe_c is not compiled" in lines[0]
    assert "the plain Python twin serves" in lines[0]
    assert "Traceback" not in done.stderr
    assert picked(probe_tree).stdout == "plain\n"


def test_without_cython_the_build_succeeds_and_says_so(probe_tree: pathlib.Path) -> None:
    code = (
        "import sys, runpy; sys.modules['Cython'] = None; sys.modules['Cython.Build'] = None; "
        "sys.argv = ['setup.py', '-q', 'build_ext', '--inplace']; "
        "runpy.run_path('setup.py', run_name='__main__')"
    )
    done = python(probe_tree, "-c", code)
    assert done.returncode == 0, done.stderr
    assert "Cython is not installed" in done.stderr
    assert picked(probe_tree).stdout == "plain\n"


def test_a_required_kernel_that_is_missing_is_named_with_the_way_out(
    probe_tree: pathlib.Path,
) -> None:
    missing = picked(probe_tree, BOXGATE_REQUIRE_EXTENSIONS="1")
    assert missing.returncode == 1
    assert "cext/probe_c is required" in missing.stderr
    assert "install gcc" in missing.stderr


def test_a_kernel_built_for_another_machine_gives_way_to_its_twin(
    probe_tree: pathlib.Path,
) -> None:
    build(probe_tree)
    for built in (probe_tree / "cext").glob("probe_c*.so"):
        built.write_bytes(b"\x7fELF of some other machine")
    assert picked(probe_tree).stdout == "plain\n"


@pytest.fixture(scope="module")
def plain_wheel(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The wheel of the real tree, built by pip on a machine without a compiler."""
    tree = copy_tree(tmp_path_factory.mktemp("plain"))
    done = python(
        tree,
        *("-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-index"),
        *("--no-build-isolation", "--no-deps", "--wheel-dir", "dist", "."),
        env=NO_COMPILER,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = (tree / "dist").glob("boxgate-*.whl")
    return wheel


def data_files() -> set[str]:
    """Every table, schema and kernel source of the packages, as paths from the root."""
    return {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.suffix in DATA
    }


def test_the_wheel_carries_every_table_schema_and_kernel_source(plain_wheel: pathlib.Path) -> None:
    carried = set(zipfile.ZipFile(plain_wheel).namelist())
    assert data_files() - carried == set()
    assert {"edge/words/messages.csv", "protocol/quantity.csv"} <= carried


def test_the_wheel_holds_the_packages_and_nothing_beside_them(plain_wheel: pathlib.Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(plain_wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_installed_without_a_compiler_the_version_says_plain(
    plain_wheel: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    site = tmp_path / "site"
    zipfile.ZipFile(plain_wheel).extractall(site)
    path = {"PYTHONPATH": os.pathsep.join((str(site), DEPENDENCIES))}
    told = python(tmp_path, "-S", "-m", "edge.cli.main", "--version", env=path)
    assert told.returncode == 0, told.stderr
    assert "boxgate 0.1.0" in told.stdout
    assert "framing plain" in told.stdout
    code = "from edge.words import messages; print(messages.__file__); messages.messages()"
    read = python(tmp_path, "-S", "-c", code, env=path)
    assert read.returncode == 0
    assert read.stdout.startswith(str(site))


def test_an_editable_install_serves_code_and_tables_from_the_source(
    probe_tree: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    site = tmp_path_factory.mktemp("site")
    done = python(
        probe_tree,
        *("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"),
        *("--no-build-isolation", "--no-deps", "--target", str(site), "--editable", "."),
    )
    assert done.returncode == 0, done.stderr
    code = (
        f"import site; site.addsitedir({str(site)!r}); import edge.words.messages as m; "
        "from importlib import metadata; from cext import build; m.messages(); "
        "print(m.__file__, metadata.version('boxgate'), build.kernel(build.pick('probe')))"
    )
    path = {"PYTHONPATH": os.pathsep.join((str(site), DEPENDENCIES))}
    told = python(site, "-S", "-P", "-c", code, env=path)
    assert told.stdout.split() == [
        str(probe_tree / "edge" / "words" / "messages.py"),
        "0.1.0",
        "compiled",
    ], told.stderr


def test_the_source_archive_can_rebuild_every_kernel(probe_tree: pathlib.Path) -> None:
    for source in (ROOT / "cext").glob("*.p[yx][xd]"):
        shutil.copy(source, probe_tree / "cext" / source.name)
    done = python(probe_tree, "setup.py", "-q", "sdist")
    assert done.returncode == 0, done.stderr
    (archive,) = (probe_tree / "dist").glob("boxgate-*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.split("/", 1)[-1] for name in opened.getnames()}
    assert data_files() - names == set()
    assert {"setup.py", "pyproject.toml", "LICENSE", "cext/build.py"} <= names


def test_both_programs_are_entry_points(plain_wheel: pathlib.Path) -> None:
    with zipfile.ZipFile(plain_wheel) as opened:
        (points,) = (n for n in opened.namelist() if n.endswith("entry_points.txt"))
        text = opened.read(points).decode()
    assert "boxgate = edge.cli.main:main" in text
    assert "boxgate-sim = firmware_sim.cli.main:main" in text
