"""The centre: model with cells, residuals of the bins, and a third view to choose."""

from __future__ import annotations

from PyQt6.QtCore import QCoreApplication, QEvent, QRect, QSize, QTimer, pyqtSignal
from PyQt6.QtGui import QResizeEvent, QShowEvent
from PyQt6.QtWidgets import QGridLayout, QWidget

from bgviewer.session.state import MatchState
from bgviewer.tasks.show import Shown
from bgviewer.ui.figures import Figures
from bgviewer.ui.image_panel import ImagePanel
from bgviewer.ui.model_panel import ModelPanel
from bgviewer.ui.obstacle import Obstacle
from bgviewer.ui.overlay_layers import OverlayLayers
from bgviewer.ui.view_state import ViewState
from bgviewer.ui.views import ResidualPanel, ThirdPanel

__all__ = ["Panels"]

_STRIP = 104  # height of the figures below a row of panels
_SIX_CARDS = 740  # width at which the numbers of six cards in a row can be read
_LINE = 62  # the same as one line, with badges
_LOW = 430  # height of the window's centre below which the figures are one line
_BLOCK = 285  # least height of the figures as a block
_BAR_WIDTH, _BAR_HEIGHT = 62, 42  # of a colour scale beside a picture, or below it
_CUSTOM = 1.05  # a scale is expected beside the picture: below it only where that gains something
_STAY = 1.08
_FINER = 1.4  # pictures have whole pixels per block: a little finer than the screen, not coarser
_ZOOM_DELAY = 120  # milliseconds of rest before a zoomed part is drawn sharply


class Panels(QWidget):
    """The three panels and the figures, arranged to give the images the most room."""

    hovered = pyqtSignal(object)
    third_chosen = pyqtSignal(str)
    remedy_chosen = pyqtSignal(object)
    zoomed = pyqtSignal(object)
    """Part (x0, x1, y0, y1) that is looked at closely, or None."""
    side_changed = pyqtSignal(int)
    """Pixels of the screen along the longer side of a picture."""
    painted = pyqtSignal()
    told = pyqtSignal()
    """All that is to be seen of the match is in the panels."""
    rested = pyqtSignal()
    """Size and zoom have not changed for a moment."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = ViewState(self)
        self.model = ModelPanel(self.view)
        self.residuals = ResidualPanel(self.view)
        self.third = ThirdPanel(self.view)
        self.all: tuple[ImagePanel, ...] = (self.model, self.residuals, self.third)
        self.layers = tuple(OverlayLayers(panel) for panel in self.all)
        self.figures = Figures()
        self.obstacle = Obstacle(self)
        self.obstacle.remedy_chosen.connect(self.remedy_chosen)
        self.frozen = False
        """Whether the cursor and the values under it stay where they are."""
        self._arrangement = ""
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(4, 2, 2, 2)
        self._grid.setSpacing(6)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_ZOOM_DELAY)
        self._rest.timeout.connect(self._tell_view)
        self._side = 0
        self._match = MatchState()
        self._waiting: list[QWidget] = []
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.setInterval(0)
        self._turn.timeout.connect(self._next_first)
        self.view.changed.connect(self._rest.start)
        for panel in self.all:
            panel.hovered.connect(lambda at, source=panel: self._on_hover(source, at))
            panel.painted.connect(self.painted)
            # Axes and frames may change after the panel has its size.
            panel.canvas.getPlotItem().getViewBox().sigResized.connect(
                lambda *_: self._rest.start()
            )
        self.third.chosen.connect(self.third_chosen)
        self._arrange()

    def show_match(self, match: MatchState) -> None:
        """Paint a match, or what stands in its way."""
        self._match = match
        self._turn.stop()
        if match.shown is not None and self.model.picture is None:
            # All three at once for the first time would hold up the window.
            self.view.set_box(match.shown.base.model.box)
            self._arrange()
            self._waiting = [self.figures, *self.all]
            self._next_first()
            return
        awaited = match.shown is None and not match.withheld and self.isVisible()
        if awaited and self.model.picture is not None:
            # With a new stack the rest of the window changes too: the panels have their own turn.
            self._waiting = []
            self._turn.start()
            return
        self._show()

    def _next_first(self) -> None:
        """Paint the first pictures one by one, and in the end what lies over them."""
        shown = self._match.shown
        if shown is None or not self._waiting:
            self._show()
            return
        part = self._waiting.pop(0)
        if part is self.figures:
            self.figures.show_match(self._match)
        elif part is self.model:
            self._show_model(shown)
        elif part is self.residuals:
            self._show_residuals(shown)
        elif part is self.third:
            self._show_third(shown)
        self._turn.start()

    def _show_model(self, shown: Shown) -> None:
        detail = shown.detail.model if shown.detail else None
        self.model.show_model(shown.base.model, detail, shown.markers)
        self.model.describe(shown)

    def _show_residuals(self, shown: Shown) -> None:
        detail = shown.detail.residuals if shown.detail else None
        self.residuals.show_pictures(shown.base.residuals, detail)
        self.residuals.describe(shown)

    def _show_third(self, shown: Shown) -> None:
        detail = shown.detail.third if shown.detail else None
        self.third.show_pictures(shown.base.third, detail)
        self.third.describe((shown.detail or shown.base).third)

    def _show(self) -> None:
        self._grid.setEnabled(False)  # one layout when all is known, not one for each label
        try:
            self._show_parts(self._match)
        finally:
            self._grid.setEnabled(True)
        # Numbers that need more room move their neighbours: now, so that all is painted once.
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
        self.told.emit()

    def _show_parts(self, match: MatchState) -> None:
        shown = match.shown
        self.figures.show_match(match)
        if shown is None:
            self._show_preview(match)
        else:
            self.view.set_box(shown.base.model.box)
            self._arrange()
            self._show_model(shown)
            self._show_residuals(shown)
            self._show_third(shown)
        for i, layers in enumerate(self.layers):
            layers.show_overlays(shown.overlays if shown else None, legend=i == 0)
        for panel in self.all:
            panel.set_dimmed(bool(match.withheld) and shown is not None)
        # Over an earlier result the reason is a note; without one it is all there is to say.
        self.model.set_message(match.withheld if shown is not None else "")
        third = shown.base.third if shown is not None else match.preview
        self.third.set_message(third.message if third and not match.withheld else "")
        self.obstacle.show_reason(match.withheld if shown is None else "", match.remedies)
        self._place_obstacle()

    def _show_preview(self, match: MatchState) -> None:
        """Without a match only the third view may have something to show."""
        self.model.clear()
        self.residuals.clear()
        if match.preview is None:
            self.third.clear()
            return
        self.view.set_box(match.preview.box)
        self._arrange()
        self.third.show_pictures(match.preview, None)
        self.third.describe(match.preview, instead=True)

    def _place_obstacle(self) -> None:
        """Centre the card over the panels that are empty."""
        if self.obstacle.isHidden():
            return
        area = QRect()
        for panel in self.all:
            if panel.picture is None:
                area = area.united(panel.geometry())
        self.obstacle.place(area or self.rect())

    def lock_levels(self, locked: bool) -> None:
        """Keep the colour scales while other matches are shown."""
        for panel in self.all:
            panel.set_levels_locked(locked)

    def auto_levels(self) -> None:
        """Let every colour scale follow its picture."""
        for panel in self.all:
            panel.auto_levels()

    def full_scale(self) -> None:
        """Show one image pixel per screen pixel."""
        self.view.set_scale(1.0, *self.model.view_size())

    def zoom_percent(self) -> float:
        """Screen pixels per image pixel in the first panel, in per cent."""
        return 100.0 / self.view.scale(*self.model.view_size())

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        for panel in self.all:
            panel.follow_palette()
        self.figures.follow_palette()
        self.obstacle.follow_palette()

    def minimumSizeHint(self) -> QSize:
        """Less than the present arrangement needs: with less room another is taken."""
        return QSize(360, 220)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Tell the size once the layout is done."""
        super().showEvent(event)
        self._rest.start()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Arrange anew where another arrangement gives more room."""
        super().resizeEvent(event)
        self._arrange()
        self._place_obstacle()
        self._rest.start()

    def settle(self) -> None:
        """Tell size and zoom anew after a moment of rest."""
        self._rest.start()

    def _arrange(self) -> None:
        self.figures.set_room(self.height() // 2)
        wanted, lying = self._best_arrangement()
        for panel in self.all:
            panel.set_bar_lying(lying)
        strip = "strip" if self.width() >= _SIX_CARDS else "line"
        self.figures.set_form({"grid": "block", "line": "line"}.get(wanted, strip))
        if wanted == self._arrangement:
            return
        self._arrangement = wanted
        abreast_all = wanted in ("row", "line")
        level = max(p.heading_height() for p in self.all) if abreast_all else 0
        for panel in self.all:
            panel.set_header_height(level)
        abreast = ((0, 0, 1, 1), (0, 1, 1, 1), (0, 2, 1, 1), (1, 0, 1, 3))
        places = {
            "grid": ((0, 0, 1, 1), (0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 1, 1)),
            "row": abreast,
            "line": abreast,
            "column": ((0, 0, 1, 1), (1, 0, 1, 1), (2, 0, 1, 1), (3, 0, 1, 1)),
        }[wanted]
        for widget, place in zip((*self.all, self.figures), places, strict=True):
            self._grid.removeWidget(widget)
            self._grid.addWidget(widget, *place)
        columns, rows = {"grid": (2, 2), "column": (1, 3)}.get(wanted, (3, 1))
        for column in range(3):
            self._grid.setColumnStretch(column, int(column < columns))
        for row in range(4):
            self._grid.setRowStretch(row, int(row < rows))

    def _best_arrangement(self) -> tuple[str, bool]:
        """Return where the panels go, and whether their colour scales lie below the pictures."""
        width, height = max(self.width(), 1), max(self.height(), 1)
        _, _, image_width, image_height = self.view.box
        aspect = image_width / image_height

        def side(panel_width: float, panel_height: float) -> tuple[float, bool]:
            across, up = max(panel_width - 4, 1), max(panel_height - 44, 1)
            upright = min(max(across - _BAR_WIDTH, 1), up * aspect)
            lying = min(across, max(up - _BAR_HEIGHT, 1) * aspect)
            # What is there stays while it is as good: a notice that comes must not turn it.
            now = self.model.bar.lying
            return max((upright * _CUSTOM, False), (lying * (_STAY if now else 1), True))

        low = height < _LOW
        sides = {
            "row": side(width / 3, height - _STRIP),
            "column": side(width, (height - _STRIP) / 3),
        }
        if low:
            sides = {"line": side(width / 3, height - _LINE)}
        if height / 2 >= _BLOCK:
            sides["grid"] = side(width / 2, height / 2)
        best = max(sides, key=lambda name: sides[name][0])
        return best, sides[best][1]

    def screen_side(self) -> int:
        """Picture pixels along the longer side of the largest panel, in steps of 64."""
        longest = max(max(panel.view_size()) for panel in self.all)
        return -(-int(_FINER * longest * self.devicePixelRatioF()) // 64) * 64

    def _on_hover(self, source: ImagePanel, at: tuple[float, float] | None) -> None:
        if self.frozen:
            return
        for panel in self.all:
            panel.set_cross(None if panel is source else at)
        self.hovered.emit(at)

    @property
    def resting(self) -> bool:
        """Whether size and zoom have been told since they last changed."""
        still = not self._rest.isActive() and not self._turn.isActive()
        return still and self._side == self.screen_side()

    def _tell_view(self) -> None:
        self._place_obstacle()
        self._tell_side()
        self._tell_zoom()
        self.rested.emit()

    def _tell_side(self) -> None:
        side = self.screen_side()
        if side != self._side:
            self._side = side
            self.side_changed.emit(side)

    def _tell_zoom(self) -> None:
        if self.view.fitted:
            self.zoomed.emit(None)
            return
        ranges = [panel.visible_range() for panel in self.all]
        self.zoomed.emit(
            (
                min(r[0] for r in ranges),
                max(r[1] for r in ranges),
                min(r[2] for r in ranges),
                max(r[3] for r in ranges),
            )
        )
