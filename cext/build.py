"""How the kernels were built: refuses a stale one, knows which are in use.

Every kernel is a trio: NAME_c.pyx (Cython), NAME_py.py (its plain twin), NAME.py (picks).
BOXGATE_NO_EXTENSIONS=1 forces the twins; BOXGATE_REQUIRE_EXTENSIONS=1 refuses them.
"""

import hashlib
import importlib
import os
import pathlib
from types import ModuleType

HERE = pathlib.Path(__file__).parent


class StaleExtension(ImportError):
    """A compiled kernel was built from other sources than those beside it."""


class MissingExtension(ImportError):
    """BOXGATE_REQUIRE_EXTENSIONS=1, and this kernel is not compiled or cannot be loaded."""


def source_digest(name: str) -> str | None:
    """Digest of the kernel's .pyx and every .pxd beside it; None where no source was shipped."""
    source = HERE / f"{name}.pyx"
    if not source.exists():
        return None
    digest = hashlib.sha256()
    for path in [source, *sorted(HERE.glob("*.pxd"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def pick(name: str) -> ModuleType:
    """The compiled kernel cext.NAME_c, or its twin cext.NAME_py where none can be loaded.

    Raises StaleExtension when the compiled one does not belong to the source beside it, and
    MissingExtension when a compiled one is required and there is none.
    """
    if os.environ.get("BOXGATE_NO_EXTENSIONS") == "1":
        return importlib.import_module(f"cext.{name}_py")
    try:
        compiled = importlib.import_module(f"cext.{name}_c")
    except ImportError as error:
        # not built, or built for another machine or C library: the twin does the same, slower
        if os.environ.get("BOXGATE_REQUIRE_EXTENSIONS") == "1":
            raise MissingExtension(
                f"cext/{name}_c is required and cannot be loaded; install gcc and python3-dev, "
                "then run 'python setup.py build_ext --inplace'"
            ) from error
        return importlib.import_module(f"cext.{name}_py")
    built_from, stands_now = compiled.SOURCE_DIGEST, source_digest(f"{name}_c")
    if stands_now is not None and built_from != stands_now:
        raise StaleExtension(
            f"cext/{name}_c was built from other sources than stand beside it; run "
            "'python setup.py build_ext --inplace' or set BOXGATE_NO_EXTENSIONS=1"
        )
    return compiled


def kernel(module: ModuleType) -> str:
    """Which kernel a picked module is: "compiled" or "plain"."""
    return "compiled" if module.__name__.endswith("_c") else "plain"
