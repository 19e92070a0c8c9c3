"""How the kernels were built: refuses a stale one, knows which are in use.

Every kernel is a trio: NAME_c.pyx (Cython), NAME_py.py (its plain twin), NAME.py (picks).
BOXGATE_NO_EXTENSIONS=1 forces the twins.
"""

import hashlib
import importlib
import os
import pathlib
from types import ModuleType

HERE = pathlib.Path(__file__).parent


class StaleExtension(ImportError):
    """A compiled kernel was built from other sources than those beside it."""


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
    """The compiled kernel cext.NAME_c, or its twin cext.NAME_py where none is built."""
    if os.environ.get("BOXGATE_NO_EXTENSIONS") == "1":
        return importlib.import_module(f"cext.{name}_py")
    try:
        compiled = importlib.import_module(f"cext.{name}_c")
    except ModuleNotFoundError:
        return importlib.import_module(f"cext.{name}_py")
    built_from, stands_now = compiled.SOURCE_DIGEST, source_digest(f"{name}_c")
    if stands_now is not None and built_from != stands_now:
        raise StaleExtension(
            f"cext/{name}_c was built from other sources ({built_from}, now {stands_now}): "
            "run 'python setup.py build_ext --inplace', or set BOXGATE_NO_EXTENSIONS=1"
        )
    return compiled


def kernel(module: ModuleType) -> str:
    """"compiled" or "plain": which kernel a picked module is."""
    return "compiled" if module.__name__.endswith("_c") else "plain"
