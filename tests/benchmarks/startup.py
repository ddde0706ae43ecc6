"""How long a person waits before anything happens."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

from tests.benchmarks.timing import Row, compare

_WINDOW = """
import sys
from PyQt6.QtCore import QTimer
from bgviewer.app import build_window, make_application
app = make_application()
window = build_window()
window.show()
QTimer.singleShot(0, app.quit)
app.exec()
"""


def _python(*arguments: str) -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen")}
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=environment)


def run(quick: bool) -> Iterator[Row]:
    repeats = 3 if quick else 7

    def bare() -> None:
        _python("-c", "pass")

    def rated(name: str, target: float, *arguments: str) -> Row:
        mine, theirs = compare(lambda: _python(*arguments), bare, repeats)
        return Row("startup", name, mine, theirs, mine, target, peer_name="python -c pass")

    yield rated("bgviewer --version", 0.3, "-m", "bgviewer", "--version")
    yield rated("import bgviewer", 0.3, "-c", "import bgviewer")
    yield rated("window built and shown, empty", 2.0, "-c", _WINDOW)
