"""What the tabs have in common: they follow the match only while they are seen."""

from __future__ import annotations

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QShowEvent
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from bgviewer.tasks.show import Shown

__all__ = ["JudgeTab"]


class JudgeTab(QWidget):
    """A tab with a plot on the left and words on the right.

    Attributes
    ----------
    updates : int
        How often it has been brought up to date, for tests and measurements.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown: Shown | None = None
        self.updates = 0
        self._stale = True
        self.words = QLabel()
        self.words.setTextFormat(Qt.TextFormat.RichText)
        self.words.setWordWrap(True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.words.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.words.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(6, 4, 6, 4)
        self.row.setSpacing(10)

    def show_match(self, shown: Shown | None) -> None:
        """Take another match; nothing is computed before it can be seen."""
        if shown is not self.shown:
            self.shown = shown
            self.invalidate()

    def invalidate(self) -> None:
        """Bring up to date now if seen, else when it is."""
        self._stale = True
        if self.isVisible():
            self._bring_up()

    def showEvent(self, event: QShowEvent | None) -> None:
        """Catch up."""
        super().showEvent(event)
        self._bring_up()

    def _bring_up(self) -> None:
        if self._stale:
            self._stale = False
            self.updates += 1
            self.refresh()

    def refresh(self) -> None:
        """Show `shown`; for the tabs to fill in."""
        raise NotImplementedError

    def follow_palette(self) -> None:
        """Take the colours of the palette."""

    def sizeHint(self) -> QSize:
        """Low: the images need the height."""
        return QSize(600, 190)

    def minimumSizeHint(self) -> QSize:
        """Enough for a plot that can be read."""
        return QSize(300, 130)


def rows_of(pairs: list[tuple[str, str]], columns: int = 1) -> str:
    """Return a table of names and values as rich text; the values are escaped by the caller.

    With several `columns` the pairs run down the first, then down the next.
    """
    height = -(-len(pairs) // columns)
    rows = ""
    for i in range(height):
        cells = (
            f"<td style='padding-right:14px'>{name}</td>"
            f"<td style='padding-right:26px'><b>{value}</b></td>"
            for name, value in pairs[i::height]
        )
        rows += f"<tr>{''.join(cells)}</tr>"
    # Qt's rich text takes a narrow space for one where a line may end.
    rows = rows.replace("\u202f", "&nbsp;")
    return f"<table cellspacing='0' cellpadding='1'>{rows}</table>"
