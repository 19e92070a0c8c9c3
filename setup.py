"""Builds the Cython kernels in cext/; without a compiler the plain Python twins serve.

Each kernel carries the digest of the sources it was built from, so that cext can refuse a stale one.
"""

import hashlib
import pathlib
import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = pathlib.Path(__file__).parent


def source_digest(name: str) -> str:
    """The digest that cext.build recomputes at import: the kernel's .pyx and every shared .pxd."""
    digest = hashlib.sha256()
    for path in [HERE / "cext" / f"{name}.pyx", *sorted((HERE / "cext").glob("*.pxd"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def kernels() -> list[Extension]:
    sources = sorted((HERE / "cext").glob("*_c.pyx"))
    if not sources:
        return []
    try:
        from Cython.Build import cythonize
    except ImportError:
        print("boxgate: Cython is not installed; building without the compiled kernels", file=sys.stderr)
        return []
    extensions = [
        Extension(
            f"cext.{path.stem}",
            [f"cext/{path.name}"],
            define_macros=[("BOXGATE_SOURCE_DIGEST", f'"{source_digest(path.stem)}"')],
            extra_compile_args=["-O3"],
            depends=[f"cext/{p.name}" for p in (HERE / "cext").glob("*.pxd")],
        )
        for path in sources
    ]
    return cythonize(extensions, language_level=3, quiet=True)


class OptionalBuildExt(build_ext):
    """A kernel that cannot be compiled is left out with one line, never a failed install."""

    def run(self) -> None:
        try:
            super().run()
        except Exception as error:  # noqa: BLE001 - any tool-chain failure means the same: no kernel
            self.leave_out("all kernels", error)

    def build_extension(self, ext: Extension) -> None:
        try:
            super().build_extension(ext)
        except Exception as error:  # noqa: BLE001 - see run
            self.leave_out(ext.name, error)

    def copy_extensions_to_source(self) -> None:
        """Editable installs: copy what was built, pass over what was not."""
        built = [ext for ext in self.extensions if pathlib.Path(self.get_ext_fullpath(ext.name)).exists()
                 or (pathlib.Path(self.build_lib) / self.get_ext_filename(ext.name)).exists()]
        self.extensions = built
        if built:
            super().copy_extensions_to_source()

    @staticmethod
    def leave_out(what: str, error: Exception) -> None:
        print(f"boxgate: {what} not compiled ({error}); the plain Python twin serves", file=sys.stderr)


setup(ext_modules=kernels(), cmdclass={"build_ext": OptionalBuildExt})
