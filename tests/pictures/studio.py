"""A window to be pictured: what it loads, waiting until it rests, putting pictures together."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from PyQt6.QtCore import QPoint, QRect, QSettings, Qt
from PyQt6.QtGui import QColor, QFont, QPainter, QPixmap
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QDialog, QWidget

from bgviewer import app as application
from bgviewer.engine.config import MatchConfig
from bgviewer.ui.main_window import MainWindow

__all__ = ["Look", "Studio", "real_stack"]

_PATIENCE = 60_000  # milliseconds


@dataclass(frozen=True)
class Look:
    """Size in points, colour scheme, and screen pixels per point."""

    size: tuple[int, int] = (1440, 900)
    dark: bool = False
    scale: int = 1


def real_stack() -> Path | None:
    """Return the folder of the real exposures of the main picture, if there is one."""
    data = os.environ.get("BGVIEWER_TEST_DATA")
    folder = None if data is None else Path(data) / "stacks" / "vircam_h_moonlit"
    return folder if folder is not None and folder.is_dir() else None


class Studio:
    """One window with settings of its own; a context that closes it.

    Parameters
    ----------
    look : Look
        How the window is to look.
    """

    def __init__(self, look: Look) -> None:
        self.look = look
        self._temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self._temporary.name)
        self.window: MainWindow

    def __enter__(self) -> Studio:
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)
        scope = QSettings.Scope.UserScope
        QSettings.setPath(QSettings.Format.IniFormat, scope, str(self.folder / "settings"))
        self.app = application.make_application()
        self.app.setCursorFlashTime(0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if hasattr(self, "window"):
            self.window.close()
        self._temporary.cleanup()

    def open(self, config: MatchConfig) -> MainWindow:
        """Open the window."""
        self.window = application.build_window(config)
        if self.look.dark:
            self.window.scheme.show_only("dark")
        self.window.forget_layout(self.look.size)
        self.window.show()
        return self.window

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        """Let the window work until `condition` holds."""
        for _ in range(_PATIENCE // 50):
            QTest.qWait(50)
            if condition():
                return
        raise TimeoutError(f"the window never came to this: {what}")

    def settle(self) -> None:
        """Wait until all that was asked for is shown."""
        window = self.window

        def rests() -> bool:
            state = window.session.state
            shown = state.match.shown
            complete = shown is not None and shown.complete and not state.match.working
            return complete and window.session.settled and window.panels.resting

        self.wait_for(rests, "at rest")
        QTest.qWait(200)
        self.wait_for(rests, "still at rest")

    def do(self, *names: str) -> None:
        """Trigger actions, each until the window rests."""
        for name in names:
            self.window.actions_[name].trigger()
            self.settle()

    def show_exposure(self, name: str) -> None:
        """Choose the science exposure."""
        stack = self.window.session.state.stack
        assert stack is not None
        names = [entry.name for entry in stack.stack.entries]
        self.window.session.set_science(names.index(name))
        self.settle()

    def click_cell(self, i: int, j: int) -> None:
        """Look at the bin in column `i` and row `j`, counted from the lower left."""
        shown = self.window.session.state.match.shown
        assert shown is not None
        x0, y0 = shown.result.difference.xy0
        step = shown.result.config.bin_size
        self.window.judge.look_at(x0 + (i + 0.5) * step, y0 + (j + 0.5) * step)
        self.settle()

    def grab(self) -> QPixmap:
        """Return the window as it is."""
        return self.window.grab()

    def grab_with(self, dialog: QDialog) -> QPixmap:
        """Return the window with a dialog over its middle."""
        dialog.adjustSize()
        picture, over = self.grab(), dialog.grab()
        ratio = picture.devicePixelRatio()
        size, inner = picture.size() / ratio, over.size() / ratio
        at = QPoint((size.width() - inner.width()) // 2, (size.height() - inner.height()) // 2)
        painter = QPainter(picture)
        painter.fillRect(QRect(QPoint(0, 0), size), QColor(0, 0, 0, 90))
        painter.drawPixmap(at, over)
        painter.end()
        return picture

    def beside(self, parts: list[tuple[str, QPixmap]], below: bool = False) -> QPixmap:
        """Put pictures beside one another (or below), each with its caption."""
        palette = self.window.palette()
        ratio, band, gap = parts[0][1].devicePixelRatio(), 34, 8
        sizes = [picture.size() / ratio for _, picture in parts]
        if below:
            width = max(s.width() for s in sizes)
            height = sum(s.height() + band for s in sizes)
        else:
            width = sum(s.width() for s in sizes) + gap * (len(sizes) - 1)
            height = max(s.height() for s in sizes) + band
        whole = QPixmap(int(width * ratio), int(height * ratio))
        whole.setDevicePixelRatio(ratio)
        whole.fill(palette.window().color())
        painter = QPainter(whole)
        painter.setPen(palette.windowText().color())
        font = QFont(self.app.font())
        font.setBold(True)
        painter.setFont(font)
        x = y = 0
        for (caption, picture), size in zip(parts, sizes, strict=True):
            place = QRect(x + 12, y, size.width() - 24, band)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, caption)
            painter.drawPixmap(QPoint(x, y + band), picture)
            x, y = (x, y + size.height() + band) if below else (x + size.width() + gap, y)
        painter.end()
        return whole

    def sheet(self, text: str, size: tuple[int, int]) -> QPixmap:
        """Return text as a terminal shows it."""
        widget = QWidget()
        ratio = self.window.devicePixelRatioF()
        picture = QPixmap(int(size[0] * ratio), int(size[1] * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(QColor("#16191d"))
        painter = QPainter(picture)
        font = QFont("monospace")
        font.setStyleHint(QFont.StyleHint.Monospace)
        font.setPixelSize(12)
        painter.setFont(font)
        painter.setPen(QColor("#d6dbe1"))
        area = QRect(14, 12, size[0] - 28, size[1] - 24)
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft, text)
        painter.end()
        widget.deleteLater()
        return picture
