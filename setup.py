"""Builds the Cython kernels in cext/; without a compiler the plain Python twins serve.

Each kernel carries the digest of the sources it was built from, so that cext can refuse a stale
one. A kernel that cannot be compiled is left out with one line and never fails an install.
"""

import hashlib
import pathlib
import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = pathlib.Path(__file__).resolve().parent
CEXT = HERE / "cext"


def source_digest(name: str) -> str:
    """The digest that cext.build recomputes at import: the kernel's .pyx and every shared .pxd."""
    digest = hashlib.sha256()
    for path in [CEXT / f"{name}.pyx", *sorted(CEXT.glob("*.pxd"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def say(what: str, why: str) -> None:
    """The one line a person sees."""
    print(f"boxgate: {what} not compiled ({why}); the plain Python twin serves", file=sys.stderr)


def kernels() -> list[Extension]:
    """One extension for each cext/NAME_c.pyx; none without Cython."""
    sources = sorted(CEXT.glob("*_c.pyx"))
    if not sources:
        return []
    try:
        from Cython.Build import cythonize
    except ImportError:
        say("the kernels are", "Cython is not installed")
        return []
    extensions = [
        Extension(
            f"cext.{path.stem}",
            [f"cext/{path.name}"],
            define_macros=[("BOXGATE_SOURCE_DIGEST", f'"{source_digest(path.stem)}"')],
            # no fused multiply-add where the processor has one: both kernels round alike
            extra_compile_args=["-O3", "-ffp-contract=off"],
            depends=[f"cext/{shared.name}" for shared in CEXT.glob("*.pxd")],
        )
        for path in sources
    ]
    # force: file times lie after a checkout or a copy, and a stale kernel is refused at import
    built: list[Extension] = cythonize(extensions, language_level=3, quiet=True, force=True)
    return built


class OptionalBuildExt(build_ext):
    """Compiles what can be; `Extension(optional=True)` alone stops at a missing compiler."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.force = True

    def build_extensions(self) -> None:
        # each kernel by itself: one that fails is dropped before anything is copied or recorded
        self.check_extensions_list(self.extensions)
        left_out: list[tuple[str, str]] = []
        # a list of our own: the distribution's must keep its length, it decides the wheel's layout
        self.extensions = list(self.extensions)
        for extension in tuple(self.extensions):
            try:
                self.build_extension(extension)
            except Exception as error:  # noqa: BLE001 - any tool-chain failure means: no kernel
                self.extensions.remove(extension)
                self._forget(extension.name)
                left_out.append((extension.name, " ".join(str(error).split())))
        if left_out:
            names = ", ".join(name for name, _ in left_out)
            say(f"{names} {'is' if len(left_out) == 1 else 'are'}", left_out[0][1])

    @staticmethod
    def _forget(name: str) -> None:
        """Remove what an earlier build left beside the source: it is older than the source now."""
        for old in CEXT.glob(f"{name.rpartition('.')[2]}.*.so"):
            old.unlink()


setup(ext_modules=kernels(), cmdclass={"build_ext": OptionalBuildExt})
