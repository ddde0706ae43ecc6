"""Layers point one way, and numbers, files and command line know no window.

The contracts live in pyproject.toml; the checks after the first do not depend on them.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "bgviewer"
WINDOW = ("PyQt6", "PySide6", "PyQt5", "pyqtgraph", "superqt")
MODULE = re.compile(r"[A-Za-z_]\w*(\.\w+)*")
WINDOWLESS = ("engine", "io", "tasks", "cli", "errors", "resources")


def run(*arguments, timeout=100):
    """Run Python in the project's root."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def files_of(part):
    """Files of a module or a package."""
    found = [*(PACKAGE / part).rglob("*.py"), *PACKAGE.glob(f"{part}.py")]
    assert found, f"bgviewer.{part} has no Python files"
    return sorted(found)


def imports_of(path):
    """Every module that a file imports, wherever in it, by statement or by name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and MODULE.fullmatch(str(node.value)):
            yield str(node.value)  # what import_module() would be given


def is_of(module, package):
    return module == package or module.startswith(package + ".")


def test_contracts_hold():
    """The layers of DESIGN, checked by import-linter."""
    code = "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports; "
    code += "sys.exit(lint_imports('pyproject.toml', no_cache=True))"
    done = run("-c", code)
    assert done.returncode == 0, done.stdout + done.stderr
    kept = re.search(r"(\d+) kept, (\d+) broken", done.stdout)
    assert kept, done.stdout
    assert int(kept[1]) >= 3
    assert int(kept[2]) == 0


@pytest.mark.parametrize("part", WINDOWLESS)
def test_no_file_names_a_window_library(part):
    """Not even inside a function, not even as the argument of an import function."""
    for path in files_of(part):
        for module in imports_of(path):
            for library in WINDOW:
                assert not is_of(module, library), f"{path.relative_to(ROOT)}: {module}"
            for room in ("bgviewer.ui", "bgviewer.session", "bgviewer.app"):
                assert not is_of(module, room), f"{path.relative_to(ROOT)}: {module}"


def test_session_uses_the_core_of_qt_only():
    seen = set()
    for path in files_of("session"):
        for module in imports_of(path):
            for library in WINDOW:
                if is_of(module, library):
                    assert is_of(module, "PyQt6.QtCore"), f"{path.relative_to(ROOT)}: {module}"
                    seen.add(module)
            for room in ("bgviewer.ui", "bgviewer.app"):
                assert not is_of(module, room), f"{path.relative_to(ROOT)}: {module}"
    assert seen, "the session is built on QtCore"


def test_the_scan_sees_every_way_of_importing(tmp_path):
    """The two tests above can fail."""
    for line in (
        "import PyQt6.QtGui",
        "from PyQt6 import QtGui",
        "from PyQt6.QtGui import QImage",
        "def f():\n    if True:\n        from PyQt6 import QtGui as q",
        "import importlib\nimportlib.import_module('PyQt6.QtGui')",
    ):
        path = tmp_path / "module.py"
        path.write_text(line)
        assert any(is_of(m, "PyQt6.QtGui") for m in imports_of(path)), line


USE_EVERYTHING = '''
import sys, warnings, importlib, pkgutil, pathlib, runpy
sys.path.insert(0, ".")
WINDOW = {window!r}

class Refuse:
    """Import hook: a window library is an error, wherever the import stands."""
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in WINDOW or name in ("bgviewer.ui", "bgviewer.session"):
            raise AssertionError(name + " was reached")

sys.meta_path.insert(0, Refuse())
import numpy as np
import bgviewer
for name in bgviewer.__all__:
    getattr(bgviewer, name)
for package in ("bgviewer.engine", "bgviewer.io", "bgviewer.tasks", "bgviewer.cli"):
    module = importlib.import_module(package)
    for info in pkgutil.walk_packages(module.__path__, package + "."):
        importlib.import_module(info.name)

folder = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(1)
from astropy.io import fits
for i in range(3):
    sky = rng.normal(100 + 5 * i, 1, (64, 80)).astype(np.float32)
    fits.PrimaryHDU(sky).writeto(folder / f"visit{{i}}.fits")
stack = bgviewer.load_stack([folder])
config = bgviewer.MatchConfig(bin_size=16)
outcomes = bgviewer.match_stack(stack, config)
assert [o.status for o in outcomes].count("matched") == 2, outcomes

def command(*arguments):
    sys.argv = ["bgviewer", *map(str, arguments)]
    try:
        runpy.run_module("bgviewer", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        assert not end.code, (arguments, end.code)

command("--version")
command("config", "dump")
command("info", folder, "--json")
command("rank", folder, "--json")
command("match", folder, "-o", folder / "out", "-c", "binSize=16", "--json")
assert len(list((folder / "out").glob("*_matched.fits"))) == 3
loaded = {{name.split(".")[0] for name in sys.modules}} & set(WINDOW)
assert not loaded, loaded
print("everything used, no window")
'''


def test_using_everything_without_a_window_reaches_no_window_library(tmp_path):
    """A real stack is loaded, ranked, matched and exported under an import hook."""
    script = tmp_path / "use.py"
    script.write_text(USE_EVERYTHING.format(window=WINDOW), encoding="utf-8")
    folder = tmp_path / "stack"
    folder.mkdir()
    done = run(script, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("everything used, no window\n")


def test_importing_the_package_is_light():
    """``import bgviewer`` loads neither Qt nor pyqtgraph, nor what makes it slow."""
    done = run("-X", "importtime", "-c", "import bgviewer")
    assert done.returncode == 0, done.stderr
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "bgviewer" in loaded
    for library in (*WINDOW, "astropy", "scipy", "matplotlib"):
        assert not any(is_of(module, library) for module in loaded), library


def test_engine_alone_needs_neither_files_nor_qt():
    """The engine reaches neither the rooms above it nor astropy."""
    code = (
        "import sys, numpy as np; from bgviewer.engine.matching import match_backgrounds; "
        "from bgviewer.engine.exposure import MaskedImage; "
        "image = MaskedImage(image=np.ones((300, 300))); match_backgrounds(image, image); "
        "print(*sys.modules)"
    )
    done = run("-c", code)
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.split()
    assert "bgviewer.engine.matching" in loaded
    for package in (*WINDOW, "astropy", "bgviewer.io", "bgviewer.tasks", "bgviewer.cli"):
        assert not any(is_of(module, package) for module in loaded), package
