"""One pan and zoom for all panels, whatever their sizes.

Linking axes of views with a locked aspect drifts; here every panel derives its own range from
one centre and one zoom, and gives back exactly what it was given.
"""

from __future__ import annotations

from PyQt6.QtCore import QObject, pyqtSignal

__all__ = ["ViewState"]

Rectangle = tuple[float, float, float, float]
_MARGIN = 1.02


class ViewState(QObject):
    """Centre, in parent pixels, and extent, as a share of the image, that the panels show."""

    changed = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._box: Rectangle = (-0.5, -0.5, 1.0, 1.0)
        self._centre = (0.0, 0.0)
        self._extent = 1.0

    @property
    def box(self) -> Rectangle:
        """``(left, bottom, width, height)`` of the whole image."""
        return self._box

    @property
    def fitted(self) -> bool:
        """Whether the whole image is shown."""
        return self._extent >= 1.0

    def set_box(self, box: Rectangle) -> None:
        """Take another image; the same box keeps pan and zoom."""
        if box != self._box:
            self._box = box
            self.fit()

    def fit(self) -> None:
        """Show the whole image."""
        left, bottom, width, height = self._box
        self._centre = (left + width / 2, bottom + height / 2)
        self._extent = 1.0
        self.changed.emit()

    def zoom(self, factor: float) -> None:
        """Show `factor` times as much around the same centre."""
        self._extent = self._bounded(self._extent * factor)
        self.changed.emit()

    def set_scale(self, pixels: float, width: int, height: int) -> None:
        """Let a view of that many screen pixels show `pixels` image pixels per screen pixel."""
        self._extent = self._bounded(pixels / self._fit_scale(width, height))
        self.changed.emit()

    def scale(self, width: int, height: int) -> float:
        """Image pixels per screen pixel in a view of that size."""
        return self._extent * self._fit_scale(width, height)

    def range_for(self, width: int, height: int) -> Rectangle:
        """``(x0, x1, y0, y1)`` that a view of that many screen pixels shows."""
        scale = self.scale(width, height)
        x, y = self._centre
        half_x, half_y = scale * width / 2, scale * height / 2
        return x - half_x, x + half_x, y - half_y, y + half_y

    def take(self, shown: Rectangle, width: int, height: int) -> None:
        """Follow a view of that size that was moved by hand to show `shown`."""
        x0, x1, y0, y1 = shown
        self._centre = ((x0 + x1) / 2, (y0 + y1) / 2)
        self._extent = self._bounded((x1 - x0) / max(width, 1) / self._fit_scale(width, height))
        self.changed.emit()

    def _fit_scale(self, width: int, height: int) -> float:
        return _MARGIN * max(self._box[2] / max(width, 1), self._box[3] / max(height, 1))

    @staticmethod
    def _bounded(extent: float) -> float:
        return min(max(extent, 1e-3), 4.0)
