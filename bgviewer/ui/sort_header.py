"""A table's heading whose arrow points the way most programs draw it."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QHeaderView, QStyleOptionHeader, QWidget

__all__ = ["SortHeader"]


class SortHeader(QHeaderView):
    """▲ where the smallest value is on top; Qt draws ▼ there, which is read as the opposite."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setSectionsClickable(True)

    def initStyleOptionForIndex(self, option: QStyleOptionHeader | None, logicalIndex: int) -> None:  # noqa: N803
        """Turn the arrow."""
        super().initStyleOptionForIndex(option, logicalIndex)
        arrow = QStyleOptionHeader.SortIndicator
        if option is not None and option.sortIndicator != arrow.None_:
            down = option.sortIndicator == arrow.SortDown
            option.sortIndicator = arrow.SortUp if down else arrow.SortDown
