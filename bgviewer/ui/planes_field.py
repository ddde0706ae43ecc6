"""The check list of mask planes, with the pixels that each has in the exposure that is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PyQt6.QtCore import QModelIndex, QSize, Qt
from PyQt6.QtGui import QPainter, QPalette
from PyQt6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from bgviewer.engine.config import Option
from bgviewer.session.state import StackState
from bgviewer.tasks.plane_counts import PlaneCounts
from bgviewer.ui.fields import Field
from bgviewer.ui.format import count, share

__all__ = ["PlanesField", "known_planes"]

_MOST_PLANES = 16  # rows of the list before it scrolls
_GAP = 6  # pixels between the columns
_NAME = int(Qt.ItemDataRole.UserRole)
_COUNT = _NAME + 1
_ACCESSIBLE = int(Qt.ItemDataRole.AccessibleTextRole)


class _Counted(QStyledItemDelegate):
    """Paints the count at the right end of a row, as far as there is room beside the name."""

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Paint check box and name, then the count."""
        super().paint(painter, option, index)
        told = index.data(_COUNT)
        if painter is None or not told:
            return
        metrics = option.fontMetrics
        box = option.fontMetrics.height() + 2 * _GAP  # of the check box
        name = metrics.horizontalAdvance(str(index.data() or "")) + box
        room = option.rect.adjusted(name, 0, -_GAP, 0)
        if metrics.horizontalAdvance(told) > room.width():
            told = told.partition(" (")[0]
            if metrics.horizontalAdvance(told) > room.width():
                return
        colour = option.palette.color(
            QPalette.ColorGroup.Active, QPalette.ColorRole.PlaceholderText
        )
        painter.save()
        painter.setPen(colour)
        painter.drawText(
            room, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), told
        )
        painter.restore()


class PlanesField(Field):
    """A check list of mask planes: those of the files, and those asked for that they lack."""

    def __init__(self, option: Option, parent: QWidget | None = None) -> None:
        super().__init__(option, parent)
        self._known: tuple[str, ...] | None = None
        self._made: tuple[str, ...] = ()
        self._chosen: tuple[str, ...] = ()
        self.list = QListWidget()
        self.list.setUniformItemSizes(True)
        self.list.setItemDelegate(_Counted(self.list))
        self._counts: PlaneCounts | None = None
        self._put_last: tuple[object, object] | None = None
        self._exposure = ""
        self.list.itemChanged.connect(self._on_item)
        self._add(self.list, 1)

    @property
    def main(self) -> QWidget:
        """The list."""
        return self.list

    def set_known(self, planes: Sequence[str] | None, made: Sequence[str] = ()) -> None:
        """Name the planes of the files; None = there are no files yet; `made`: made here."""
        self._known = None if planes is None else tuple(planes)
        self._made = tuple(made)
        self.set_value(self._chosen)

    def set_counts(self, counts: PlaneCounts | None, exposure: str) -> None:
        """Say how many pixels of an exposure have each plane; None = not known yet."""
        self._counts, self._exposure = counts, exposure
        self.set_value(self._chosen)

    def _checked(self) -> tuple[str, ...]:
        items = (self.list.item(i) for i in range(self.list.count()))
        checked = Qt.CheckState.Checked
        return tuple(i.data(_NAME) for i in items if i is not None and i.checkState() == checked)

    def _put(self, value: Any) -> None:
        self._chosen = tuple(value)
        looks = (self._chosen, self._known, self._made, self._exposure, self.palette().cacheKey())
        if (looks, self._counts) == self._put_last and set(self._checked()) == set(self._chosen):
            return  # every drag of a slider comes by here, and nothing is to be painted
        self._put_last = (looks, self._counts)
        known = self._known if self._known is not None else self._chosen
        lacking = [n for n in self._chosen if n not in known]
        names = [*known, *lacking]
        if [self.list.item(i).data(_NAME) for i in range(self.list.count())] != names:  # type: ignore[union-attr]
            self.list.clear()
            for name in names:
                item = QListWidgetItem(name)
                item.setData(_NAME, name)
                item.setSizeHint(QSize(0, self._row_height()))
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                self.list.addItem(item)
        for i in range(self.list.count()):
            self._dress(self.list.item(i), lacking)
        rows = min(max(self.list.count(), 1), _MOST_PLANES)
        self.list.setFixedHeight(rows * self._row_height() + 6)

    def _row_height(self) -> int:
        return self.list.fontMetrics().height() + 6

    def _dress(self, item: QListWidgetItem | None, lacking: list[str]) -> None:
        assert item is not None
        name = item.data(_NAME)
        chosen = name in self._chosen
        item.setCheckState(Qt.CheckState.Checked if chosen else Qt.CheckState.Unchecked)
        absent = name in lacking
        text = self.tr("{} (not in these files)") if absent else "{}"
        text = self.tr("{} (made by bgviewer)") if name in self._made else text
        item.setText(text.format(name))
        # Planes without a pixel can be chosen like others: pale names would look disabled.
        role = QPalette.ColorRole.PlaceholderText if absent else QPalette.ColorRole.Text
        told = "" if absent else self._told(name)
        item.setData(_COUNT, told)
        item.setData(_ACCESSIBLE, f"{item.text()} {told}".strip())
        item.setForeground(self.palette().color(QPalette.ColorGroup.Active, role))
        item.setToolTip(
            self.tr("No exposure of the stack has this plane; it counts as empty.")
            if absent
            else self._tip(name)
        )

    def _told(self, name: str) -> str:
        """As ``41 203 px (4 %)``; empty while it is not known."""
        if self._counts is None:
            return ""
        pixels = count(self._counts.counts.get(name, 0))
        return self.tr("{} px ({})").format(pixels, share(self._counts.share(name)))

    def _tip(self, name: str) -> str:
        use = self.tr("Checked: pixels with this plane set are not used.")
        if self._counts is None:
            return use
        text = self.tr("{}: {} of {} pixels have it.")
        pixels = (self._counts.counts.get(name, 0), self._counts.total)
        return f"{use}\n{text.format(self._exposure, *map(count, pixels))}"

    def _on_item(self) -> None:
        if self._loading:
            return
        items = [self.list.item(i) for i in range(self.list.count())]
        checked = [i.data(_NAME) for i in items if i and i.checkState() == Qt.CheckState.Checked]
        # Keep the order of the settings; what is new comes last.
        kept = [name for name in self._chosen if name in checked]
        self._say(tuple(kept + [name for name in checked if name not in kept]))


def known_planes(stack: StackState | None) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Return the planes of a stack, and which of them are made by bgviewer, for `set_known`."""
    return (None, ()) if stack is None else (stack.stack.planes, stack.stack.made_planes)
