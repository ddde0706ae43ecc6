"""Build `kernels.c`: while the package is installed, or by hand in a working copy.

``python -m bgviewer.engine.native.build`` puts the library beside the source.  The build backend
calls `KernelsHook` in the same way, so that an installation from source needs nothing but pip: a
C compiler that is there is used; where there is none, the one on PyPI (ziglang) is asked for,
for the time of the build.  Where nothing can be built the package is installed without, and
computes in NumPy.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or importlib.util.find_spec("hatchling") is None:
    Hook = object  # run by hand
else:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface as Hook

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "kernels.c"
# not called *.so: Python would take it for a module of its own
NAME = {"Windows": "kernels.dll", "Darwin": "kernels.dylib"}.get(platform.system(), "kernels.so.1")
PLACE = "bgviewer/engine/native"

_SYSTEMS = ("Linux", "Darwin", "Windows")  # for which PyPI has that compiler
_MACHINES = ("x86_64", "amd64", "arm64", "aarch64")
_X86 = platform.machine().lower() in ("x86_64", "amd64", "x64")
_FLAGS = [
    "-O3",
    "-std=gnu11",
    "-ffp-contract=off",  # the same digits with and without AVX2
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fvisibility=hidden",
    "-Wno-psabi",
]
_TRIAL = "#include <math.h>\n#include <stdint.h>\nint f(double x) { return sqrt(x) > 1; }\n"


def _run(command: list[str]) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    except (OSError, subprocess.TimeoutExpired):
        return False
    if done.returncode and os.environ.get("BGVIEWER_BUILD_VERBOSE"):
        print(" ".join(command), done.stderr, sep="\n", file=sys.stderr)
    return done.returncode == 0


def _shared(compiler: list[str], sources: list[list[str]], target: Path, folder: Path) -> bool:
    """Compile each [source, flags...] and link them."""
    objects = []
    pic = [] if platform.system() == "Windows" else ["-fPIC"]
    for number, (source, *flags) in enumerate(sources):
        out = str(folder / f"{number}.o")
        if not _run([*compiler, *_FLAGS, *pic, *flags, "-c", source, "-o", out]):
            return False
        objects.append(out)
    libraries = [] if platform.system() == "Windows" else ["-lm"]
    return _run([*compiler, "-shared", *objects, "-o", str(target), *libraries])


def compilers() -> list[list[str]]:
    """Return commands of C compilers that make shared libraries here, best first."""
    wanted = [os.environ["CC"].split()] if os.environ.get("CC") else []
    found = wanted + [[path] for name in ("cc", "gcc", "clang") if (path := shutil.which(name))]
    if importlib.util.find_spec("ziglang") is not None:
        found.append([sys.executable, "-m", "ziglang", "cc"])
    working = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trial = folder / "trial.c"
        trial.write_text(_TRIAL)
        for compiler in found:
            if _shared(compiler, [[str(trial)]], folder / NAME, folder):
                working.append(compiler)
    return working


def _put(made: Path, target: Path) -> None:
    """Copy without writing into a library that a running program may have loaded."""
    fresh = target.with_name(f"{target.name}.new")
    shutil.copyfile(made, fresh)
    fresh.replace(target)


def build(target: Path) -> bool:
    """Compile the library to `target`; False when no compiler is able to."""
    stamp = f"-DBGV_SOURCE={zlib.crc32(SOURCE.read_bytes())}u"
    sources = [[str(SOURCE), stamp]]
    if _X86:
        sources = [
            [str(SOURCE), stamp, "-DBGV_BOTH"],
            [str(SOURCE), "-mavx2", "-mpopcnt", "-DBGV_AVX2"],
        ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for compiler in compilers():
            # ziglang takes the processor it runs on unless told otherwise
            plain = ["-mcpu=baseline"] if "ziglang" in compiler else []
            made = folder / NAME
            if _shared([*compiler, *plain], sources, made, folder):
                _put(made, target)
                return True
    return False


class KernelsHook(Hook):
    """Adds the library to wheels and leaves it in the working copy."""

    app: Any

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for a compiler where there is none."""
        known = platform.system() in _SYSTEMS and platform.machine().lower() in _MACHINES
        return ["ziglang>=0.13"] if known and not compilers() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, if that is possible; a wheel with the library is for this platform only."""
        made = Path(tempfile.mkdtemp(prefix="bgviewer-kernels-")) / NAME
        if not build(made):
            self.app.display_warning("no C compiler: bgviewer will compute in NumPy, slower")
            return
        with contextlib.suppress(OSError):
            _put(made, HERE / NAME)  # tests of a working copy import it from here
        build_data["force_include"][str(made)] = f"{PLACE}/{NAME}"
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{_platform_tag()}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Take the temporary copy away."""
        for path in build_data["force_include"]:
            if Path(path).parent.name.startswith("bgviewer-kernels-"):
                shutil.rmtree(Path(path).parent, ignore_errors=True)


def _platform_tag() -> str:
    from packaging.tags import platform_tags

    # built for this very machine: no promise to older systems of the same kind
    return next(t for t in platform_tags() if not t.startswith(("manylinux", "musllinux")))


if __name__ == "__main__":
    made_it = build(HERE / NAME)
    print(f"{HERE / NAME}" if made_it else "no C compiler could build kernels.c")
    raise SystemExit(0 if made_it else 1)
