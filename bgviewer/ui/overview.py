"""All exposures as small residual maps on one colour scale, the worst first."""

from __future__ import annotations

from PyQt6.QtCore import QRect, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QIcon, QImage, QPainter, QPen, QPixmap, QShowEvent
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListView,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from bgviewer.session.session import Session
from bgviewer.tasks.levels import Levels
from bgviewer.tasks.overview import Tile, overview_levels, painted
from bgviewer.ui.colour_bar import ColourBar
from bgviewer.ui.format import count, number, with_unit
from bgviewer.ui.plain_text import plain_label, plain_tip
from bgviewer.ui.theme import colour_table, current_colours

__all__ = ["OverviewPanel"]

_SIDE = 84  # of a map on the screen
_FRAME = 3
_ID = int(Qt.ItemDataRole.UserRole)


class OverviewPanel(QWidget):
    """Reads the session's tiles; while it is hidden it does nothing."""

    match_all_asked = pyqtSignal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._tiles: tuple[Tile, ...] = ()
        self._seen: tuple[object, ...] = ()
        self._table = colour_table("diverging")
        self._build()
        for signal in (
            session.stack_changed,
            session.ranking_changed,
            session.pair_changed,
            session.plan_changed,
            session.outcomes_changed,
            session.config_changed,
            session.job_changed,
        ):
            signal.connect(self._refresh)

    def _build(self) -> None:
        self.summary = QLabel()
        plain_label(self.summary)
        self.match_all = QPushButton(self.tr("Match all"))
        self.match_all.setToolTip(
            self.tr("Match every exposure with the present settings; the maps fill in one by one")
        )
        self.match_all.clicked.connect(self.match_all_asked)
        self.list = QListWidget()
        self.list.setViewMode(QListView.ViewMode.IconMode)
        self.list.setMovement(QListView.Movement.Static)
        self.list.setResizeMode(QListView.ResizeMode.Adjust)
        self.list.setIconSize(QSize(_SIDE, _SIDE))
        self.list.setSpacing(4)
        self.list.setWordWrap(True)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setUniformItemSizes(True)
        self.list.setAccessibleName(self.tr("Overview of all exposures, the worst match first"))
        self.list.setWhatsThis(
            self.tr(
                "Bin − model of every exposure on one colour scale, the largest fitRMS first. "
                "Example: a map that is red on one side and blue on the other was fitted with "
                "too low an order. A click shows the exposure."
            )
        )
        self.list.itemClicked.connect(self._choose)
        self.list.itemActivated.connect(self._choose)
        self.bar = ColourBar()
        self.bar.set_scale(self._table)
        self.bar.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.bar.setAccessibleName(self.tr("Colour scale of all maps"))
        head = QHBoxLayout()
        head.setContentsMargins(6, 3, 6, 0)
        head.addWidget(self.summary, 1)
        head.addWidget(self.match_all)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 2, 0)
        row.addWidget(self.list, 1)
        row.addWidget(self.bar)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addLayout(head)
        column.addLayout(row, 1)
        self.setMinimumHeight(176)

    @property
    def tiles(self) -> tuple[Tile, ...]:
        """What is shown, in order."""
        return self._tiles

    def showEvent(self, event: QShowEvent | None) -> None:
        """Catch up with what happened while hidden."""
        super().showEvent(event)
        self._refresh()

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        self._seen = ()
        self._refresh()

    def _refresh(self) -> None:
        if not self.isVisible():
            return
        state = self._session.state
        ready = state.reference is not None and state.job is None and not state.problems
        self.match_all.setEnabled(ready)
        tiles = self._session.stack_views.tiles()
        seen = (tiles, tuple(id(t.map) for t in tiles), state.science)
        if seen == self._seen:
            return
        reordered = [t.exposure for t in tiles] != [t.exposure for t in self._tiles]
        self._seen, self._tiles = seen, tiles
        # The scale suits the maps of the present settings, where there are any.
        present = [t.map for t in tiles if t.map is not None and t.state != "outdated"]
        levels = overview_levels(present or [t.map for t in tiles])
        unit = self._unit()
        self.bar.set_levels(levels.low, levels.high)
        self.bar.set_caption(unit, None)
        self.bar.setVisible(any(t.map is not None for t in tiles))
        self._fill(levels, unit)
        if reordered:  # the worst come first, and that is where to look
            self.list.scrollToTop()
        self._sum_up()

    def _unit(self) -> str:
        shown = self._session.state.match.shown
        return shown.figures.unit if shown is not None else ""

    def _fill(self, levels: Levels, unit: str) -> None:
        science = self._session.state.science
        while self.list.count() > len(self._tiles):
            self.list.takeItem(self.list.count() - 1)
        while self.list.count() < len(self._tiles):
            fresh = QListWidgetItem()
            fresh.setSizeHint(QSize(_SIDE + 32, _SIDE + 62))
            fresh.setTextAlignment(Qt.AlignmentFlag.AlignHCenter)
            self.list.addItem(fresh)
        for i, tile in enumerate(self._tiles):
            item = self.list.item(i)
            assert item is not None
            known = tile.map is not None
            figure = with_unit(tile.fit_rms, unit, 3) if known else ""
            named = f"fitRMS {number(tile.fit_rms, 3)}" if known else ""
            shown = tile.exposure == science
            item.setData(_ID, tile.exposure)
            item.setText("\n".join(p for p in (tile.name, named, self.word(tile.state)) if p))
            item.setToolTip(plain_tip(self._tip(tile, figure, shown)))
            pixmap = self._picture(tile, levels, shown)
            icon = QIcon(pixmap)
            # Qt would tint the selected one, and its colours would lie.
            icon.addPixmap(pixmap, QIcon.Mode.Selected)
            item.setIcon(icon)
            if shown:
                self.list.setCurrentItem(item)

    def _tip(self, tile: Tile, figure: str, shown: bool) -> str:
        lines = [f"{tile.name}: {self.word(tile.state)[2:]}"]
        if figure:
            lines.append(self.tr("fitRMS = {}").format(figure))
        if tile.reason:
            lines.append(tile.reason)
        lines.append(self.tr("in the panels now") if shown else self.tr("click: show it"))
        return "\n".join(lines)

    def _sum_up(self) -> None:
        matched = sum(t.state == "matched" for t in self._tiles)
        outdated = sum(t.state == "outdated" for t in self._tiles)
        text = self.tr("{} of {} matched with the present settings; largest fitRMS first")
        wanted = sum(t.state != "reference" for t in self._tiles)
        if not self._tiles:
            self.summary.setText(self.tr("Open exposures to see them here."))
            return
        text = text.format(count(matched), count(wanted))
        if outdated:  # their order means nothing until they are matched alike
            pale = self.tr("◌ {} pale, of earlier settings: press Match all")
            text += "; " + pale.format(count(outdated))
        failed = sum(t.state == "failed" for t in self._tiles)
        if failed:  # without a map they stand behind all that have one
            text += "; " + self.tr("✕ {} failed, at the end").format(count(failed))
        self.summary.setText(text)

    def word(self, state: str) -> str:
        """A sign and a word for a state."""
        return {
            "failed": self.tr("✕ failed"),
            "reference": self.tr("★ reference"),
            "not matched": self.tr("○ not matched yet"),
            "matched": self.tr("● matched"),
            "outdated": self.tr("◌ outdated"),
            "excluded": self.tr("⊘ excluded"),
        }.get(state, state)

    def _picture(self, tile: Tile, levels: Levels, shown: bool) -> QPixmap:
        colours = current_colours()
        scale = self.devicePixelRatioF()
        pixmap = QPixmap(round(_SIDE * scale), round(_SIDE * scale))
        pixmap.setDevicePixelRatio(scale)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        room = _SIDE - 2 * _FRAME - 2
        width = height = room
        if tile.map is not None:
            missing = QColor(colours.missing).getRgb()
            rgba = painted(tile.map, levels, self._table, missing)
            rows, columns = rgba.shape[:2]
            image = QImage(
                rgba.tobytes(), columns, rows, 4 * columns, QImage.Format.Format_RGBA8888
            )
            width = max(round(room * min(1.0, columns / rows)), 4)
            height = max(round(room * min(1.0, rows / columns)), 4)
            left, top = (_SIDE - width) // 2, (_SIDE - height) // 2
            if tile.state == "outdated":
                painter.setOpacity(0.45)
            painter.drawImage(QRect(left, top, width, height), image)
            painter.setOpacity(1.0)
        else:
            left, top = (_SIDE - width) // 2, (_SIDE - height) // 2
            painter.fillRect(QRect(left, top, width, height), QColor(colours.card))
            painter.setPen(QColor(colours.muted))
            font = painter.font()
            font.setPointSizeF(font.pointSizeF() * 1.8)
            painter.setFont(font)
            sign = self.word(tile.state)[0]
            painter.drawText(QRect(left, top, width, height), Qt.AlignmentFlag.AlignCenter, sign)
        painter.setPen(QPen(QColor(colours.line), 1))
        if shown:
            painter.setPen(QPen(self.palette().text().color(), _FRAME))
        painter.drawRect(QRect(left - 1, top - 1, width + 1, height + 1))
        painter.end()
        return pixmap

    def _choose(self, item: QListWidgetItem) -> None:
        self._session.set_science(int(item.data(_ID)))
