"""A holder that keeps the layout of its widget to itself."""

from __future__ import annotations

from PyQt6.QtCore import QSize
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QWidget

__all__ = ["Quiet"]


class Quiet(QWidget):
    """Holds a widget whose texts change with every answer, without telling those around it.

    A label that takes another text asks for another size, which goes up through all layouts: the
    whole window with its docks would be laid out anew, 15 ms for each picture of a drag. Without
    a layout of its own this holder ends that; its size hints are those of the widget whenever it
    is asked.

    Parameters
    ----------
    inner : QWidget
        It gets all the room.
    """

    def __init__(self, inner: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._inner = inner
        inner.setParent(self)
        self.setSizePolicy(inner.sizePolicy())

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Give all the room to the widget."""
        super().resizeEvent(event)
        self._inner.setGeometry(self.rect())

    def sizeHint(self) -> QSize:
        """As the widget says."""
        return self._inner.sizeHint()

    def minimumSizeHint(self) -> QSize:
        """As the widget says."""
        return self._inner.minimumSizeHint().expandedTo(self._inner.minimumSize())
