"""Our own icons, in the colour of the palette's text."""

from __future__ import annotations

from PyQt6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PyQt6.QtGui import QGuiApplication, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PyQt6.QtSvg import QSvgRenderer

from bgviewer import resources

__all__ = ["icon"]


class _PaletteEngine(QIconEngine):
    """Draws an SVG whose ``currentColor`` is the palette's text colour at that moment."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self._source = source

    def paint(
        self, painter: QPainter | None, rect: QRect, mode: QIcon.Mode, state: QIcon.State
    ) -> None:
        """Draw the icon into a rectangle."""
        group = QPalette.ColorGroup.Normal
        if mode == QIcon.Mode.Disabled:
            group = QPalette.ColorGroup.Disabled
        colour = QGuiApplication.palette().color(group, QPalette.ColorRole.ButtonText).name()
        text = self._source.replace("currentColor", colour)
        QSvgRenderer(QByteArray(text.encode())).render(painter, QRectF(rect))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        """Draw the icon into a pixmap."""
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, pixmap.rect(), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        """Another engine for the same icon."""
        return _PaletteEngine(self._source)


def icon(name: str) -> QIcon:
    """Return the icon ``resources/icons/<name>.svg``."""
    source = resources.path(f"icons/{name}.svg").read_text(encoding="utf-8")
    return QIcon(_PaletteEngine(source))
