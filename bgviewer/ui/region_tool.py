"""Drawing regions on the panels by mouse, and moving them by their handles."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QObject, QPointF, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QMouseEvent
from PyQt6.QtWidgets import QApplication

from bgviewer.engine.regions import Region
from bgviewer.tasks.regions import changed, drawn, handles, outline, polygon
from bgviewer.ui.image_panel import ImagePanel
from bgviewer.ui.panels import Panels
from bgviewer.ui.region_layer import RegionLayer

__all__ = ["RegionTool"]

_NEAR = 9.0  # screen pixels from a handle
_LEFT = Qt.MouseButton.LeftButton
_FINISH = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
Event = QEvent.Type


class RegionTool(QObject):
    """What the mouse does on the panels while a shape is chosen or a region is held.

    Parameters
    ----------
    panels : Panels
        Where it draws.
    """

    finished = pyqtSignal(object)
    """A `Region` was drawn (for the whole stack); its scope is for others to say."""
    reshaped = pyqtSignal(object, object)
    """(old, new): a handle was let go elsewhere."""
    shape_changed = pyqtSignal(str)
    """What is being drawn; an empty string = nothing."""
    delete_asked = pyqtSignal()
    nothing_drawn = pyqtSignal()

    def __init__(self, panels: Panels) -> None:
        super().__init__(panels)
        self._panels = panels
        self.layers = tuple(RegionLayer(panel) for panel in panels.all)
        self._panel_of: dict[QObject, ImagePanel] = {}
        for panel in panels.all:
            viewport = panel.canvas.viewport()
            assert viewport is not None
            self._panel_of[panel.canvas] = self._panel_of[viewport] = panel
            panel.canvas.installEventFilter(self)
            viewport.installEventFilter(self)
        self.shape = ""
        self._corners: list[tuple[float, float]] = []
        self._start: tuple[float, float] | None = None
        self._held: tuple[Region, int] | None = None
        self._last: Region | None = None

    # ------------------------------------------------------------ from outside

    def start(self, shape: str) -> None:
        """Draw a "box", "ellipse" or "polygon" next; an empty string = stop drawing."""
        self._reset()
        if shape != self.shape:
            self.shape = shape
            for panel in self._panels.all:
                viewport = panel.canvas.viewport()
                assert viewport is not None
                if shape:
                    viewport.setCursor(Qt.CursorShape.CrossCursor)
                else:
                    viewport.unsetCursor()
            self.shape_changed.emit(shape)
        if shape and QApplication.focusWidget() not in self._panel_of:
            self._panels.all[0].canvas.setFocus()

    def show_regions(self, regions: tuple[Region, ...], chosen: Region | None) -> None:
        """Show these on all panels."""
        if self._held is not None and self._held[0] != chosen:
            self._held = None
        for layer in self.layers:
            layer.show_regions(regions, chosen)

    def _reset(self) -> None:
        self._corners, self._start, self._held, self._last = [], None, None, None
        self._draft([], False)

    def _draft(self, points: object, closed: bool) -> None:
        for layer in self.layers:
            layer.show_draft(points, closed)  # type: ignore[arg-type]

    # ------------------------------------------------------------ events

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Take what belongs to drawing; everything else goes on to the panel."""
        if event is None or watched is None or watched not in self._panel_of:
            return False
        if isinstance(event, QKeyEvent):
            return self._on_key(event)
        if isinstance(event, QMouseEvent):
            panel = self._panel_of[watched]
            if watched is panel.canvas:
                return False  # the viewport has had it
            return self._on_mouse(panel, event)
        return False

    def _on_key(self, event: QKeyEvent) -> bool:
        drawing = bool(self.shape) or self._held is not None
        chosen = self.layers[0].chosen is not None
        mine = (drawing and event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Backspace, *_FINISH)) or (
            chosen and event.key() == Qt.Key.Key_Delete
        )
        if not mine:
            return False
        if event.type() == Event.ShortcutOverride:
            event.accept()
            return True
        if event.type() == Event.KeyPress:
            self._do(event.key())
        return True

    def _do(self, key: int) -> None:
        if key == Qt.Key.Key_Delete:
            self.delete_asked.emit()
        elif key == Qt.Key.Key_Escape:
            self.start("")
        elif key == Qt.Key.Key_Backspace:
            self._corners = self._corners[:-1]
            self._draft(self._corners, False)
        elif self.shape == "polygon":
            self._finish_polygon()

    def _on_mouse(self, panel: ImagePanel, event: QMouseEvent) -> bool:
        kind = event.type()
        if kind == Event.MouseMove:
            self._follow(self._at(panel, event.position()))
            return False  # the cross-hair and the read-out follow too
        if event.button() != _LEFT:
            return False
        if kind in (Event.MouseButtonPress, Event.MouseButtonDblClick):
            if not self._inside(panel, event.position()):
                return False
            if self.shape == "polygon":
                self._corner(panel, event)
                return True
            if self.shape:
                self._start = self._at(panel, event.position())
                return True
            return self._take_handle(panel, event.position())
        if kind == Event.MouseButtonRelease:
            return self._release(self._at(panel, event.position()))
        return False

    def _corner(self, panel: ImagePanel, event: QMouseEvent) -> None:
        if event.type() == Event.MouseButtonDblClick:
            self._finish_polygon()  # its first click has set the corner
            return
        self._corners.append(self._at(panel, event.position()))
        self._draft(self._corners, False)

    def _follow(self, at: tuple[float, float]) -> None:
        if self._held is not None:
            region, handle = self._held
            self._last = changed(region, handle, at)
            self._draft(outline(self._last), True)
        elif self.shape == "polygon" and self._corners:
            self._draft([*self._corners, at], False)
        elif self._start is not None and (fresh := drawn(self.shape, self._start, at, None)):
            self._draft(outline(fresh), True)

    def _take_handle(self, panel: ImagePanel, position: QPointF) -> bool:
        chosen = self.layers[0].chosen
        if chosen is None:
            return False
        box = panel.canvas.getPlotItem().getViewBox()
        best, nearest = None, _NEAR
        for i, (x, y) in enumerate(handles(chosen)):
            scene = box.mapViewToScene(QPointF(float(x), float(y)))
            gap = QPointF(panel.canvas.mapFromScene(scene)) - position
            if (far := abs(gap.x()) + abs(gap.y())) <= nearest:
                best, nearest = i, far
        if best is None:
            return False
        self._held, self._last = (chosen, best), None
        return True

    def _release(self, at: tuple[float, float]) -> bool:
        if self._held is not None:
            (old, _), new = self._held, self._last
            self._reset()
            if new is not None and new != old:
                self.reshaped.emit(old, new)
            return True
        if self._start is None:
            return bool(self.shape)
        region = drawn(self.shape, self._start, at, None)
        self._start = None
        self._say(region)
        return True

    def _finish_polygon(self) -> None:
        corners, self._corners = self._corners, []
        self._say(polygon(corners, None))

    def _say(self, region: Region | None) -> None:
        self._draft([], False)
        if region is None:
            self.nothing_drawn.emit()
            return
        self.start("")
        self.finished.emit(region)

    # ------------------------------------------------------------ places

    def _at(self, panel: ImagePanel, position: QPointF) -> tuple[float, float]:
        box = panel.canvas.getPlotItem().getViewBox()
        point = box.mapSceneToView(panel.canvas.mapToScene(position.toPoint()))
        return point.x(), point.y()

    def _inside(self, panel: ImagePanel, position: QPointF) -> bool:
        box = panel.canvas.getPlotItem().getViewBox()
        scene = panel.canvas.mapToScene(position.toPoint())
        return bool(panel.picture is not None and box.sceneBoundingRect().contains(scene))
