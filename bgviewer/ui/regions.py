"""The dock of the regions to ignore: draw, list, say where they count, delete, exchange."""

from __future__ import annotations

from dataclasses import replace

from PyQt6.QtCore import QEvent, QObject, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from bgviewer.engine.regions import Region
from bgviewer.session.session import Session
from bgviewer.tasks.regions import DRAWN, place_text, swapped
from bgviewer.ui.panels import Panels
from bgviewer.ui.plain_text import plain_tip
from bgviewer.ui.region_tool import RegionTool

__all__ = ["RegionsPanel"]

_REGION = int(Qt.ItemDataRole.UserRole)


class RegionsPanel(QWidget):
    """All regions of the stack's plan.

    Parameters
    ----------
    session : Session
        Keeps the regions.
    panels : Panels
        Where they are drawn.
    """

    wanted = pyqtSignal()
    """Something is being drawn: whoever holds this should bring it into view."""

    def __init__(self, session: Session, panels: Panels, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._filling = False
        self.tool = RegionTool(panels)
        self._build_drawing()
        self._build_list()
        self._build_layout()
        self.tool.finished.connect(self._on_drawn)
        self.tool.reshaped.connect(self._on_reshaped)
        self.tool.shape_changed.connect(self._on_shape)
        self.tool.delete_asked.connect(self.delete)
        self.tool.nothing_drawn.connect(self._on_nothing)
        for signal in (session.plan_changed, session.pair_changed, session.stack_changed):
            signal.connect(self._refresh)
        self._refresh()
        self._on_shape("")

    # ------------------------------------------------------------ building

    def _build_drawing(self) -> None:
        texts = {
            "box": (self.tr("Rectangle"), self.tr("Drag from corner to corner on any image.")),
            "ellipse": (self.tr("Ellipse"), self.tr("Drag over the box that holds it.")),
            "polygon": (
                self.tr("Polygon"),
                self.tr("Click the corners; double-click or Enter ends, Backspace takes one back."),
            ),
        }
        self.buttons: dict[str, QPushButton] = {}
        self.texts = texts
        for shape in DRAWN:
            button = QPushButton(texts[shape][0])
            button.setCheckable(True)
            button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            example = self.tr(
                "Its pixels then do not count. Example: draw an ellipse around a bright star, and "
                "its halo no longer pulls the model."
            )
            button.setToolTip(f"<p>{texts[shape][1]} {example}</p>")
            button.setWhatsThis(f"{texts[shape][1]} {example}")
            button.clicked.connect(lambda on, shape=shape: self.start(shape if on else ""))
            self.buttons[shape] = button
        self.scope = self._scope_box(self.tr("New regions count in"))
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        self.hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def _scope_box(self, name: str) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(name)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(10)
        tip = self.tr(
            "Whole stack: left out of every exposure, for stars and galaxies. One exposure: for "
            "what it alone has, such as a satellite trail; drawn dashed."
        )
        box.setToolTip(f"<p>{tip}</p>")
        box.setWhatsThis(tip)
        return box

    def _build_list(self) -> None:
        self.list = QTreeWidget()
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setAlternatingRowColors(True)
        self.list.setAccessibleName(self.tr("Regions that are ignored"))
        self.list.setHeaderLabels(
            [self.tr("Shape"), self.tr("Centre · size [pix]"), self.tr("Counts in")]
        )
        header = self.list.header()
        assert header is not None
        header.setStretchLastSection(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.list.currentItemChanged.connect(self._on_chosen)
        self.list.installEventFilter(self)
        self.own_scope = self._scope_box(self.tr("Selected region counts in"))
        self.own_scope.activated.connect(self._on_scope)
        self.remove = QPushButton(self.tr("Delete"))
        self.remove.setToolTip(self.tr("Let the pixels of the selected region count again (Del)"))
        self.remove.clicked.connect(self.delete)

    def _build_layout(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 4, 6)
        column.setSpacing(6)
        heading = QLabel(self.tr("Draw a region to ignore"))
        font = heading.font()
        font.setBold(True)
        heading.setFont(font)
        column.addWidget(heading)
        row = QHBoxLayout()
        for button in self.buttons.values():
            row.addWidget(button, 1)
        column.addLayout(row)
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        for at, (text, box) in enumerate(
            (
                (self.tr("New regions &count in"), self.scope),
                (self.tr("&Selected counts in"), self.own_scope),
            )
        ):
            label = QLabel(text)
            label.setBuddy(box)
            grid.addWidget(label, at, 0)
            grid.addWidget(box, at, 1)
        grid.addWidget(self.remove, 1, 2)
        column.addLayout(grid)
        column.addWidget(self.hint)
        column.addWidget(self.list, 1)

    # ------------------------------------------------------------ wishes

    def start(self, shape: str) -> None:
        """Draw a shape next; an empty string stops that."""
        if self._session.state.match.shown is None and self._session.state.match.preview is None:
            shape = ""
        if shape:
            self.wanted.emit()
        self.tool.start(shape)
        self._on_shape(shape)

    def chosen(self) -> Region | None:
        """The region that is selected in the list."""
        item = self.list.currentItem()
        return None if item is None else item.data(0, _REGION)

    def select(self, region: Region | None) -> None:
        """Select a region in the list."""
        for i in range(self.list.topLevelItemCount()):
            item = self.list.topLevelItem(i)
            if item is not None and item.data(0, _REGION) == region:
                self.list.setCurrentItem(item)
                return
        self.list.setCurrentItem(None)

    def delete(self) -> None:
        """Let the pixels of the selected region count again."""
        region = self.chosen()
        if region is not None:
            self._session.remove_region(region)

    def _on_drawn(self, region: Region) -> None:
        region = replace(region, exposure=self.scope.currentData())
        self._session.add_region(region)
        self.select(region)

    def _on_reshaped(self, old: Region, new: Region) -> None:
        self._session.set_plan(swapped(self._session.state.plan, old, new))
        self.select(new)

    def _on_scope(self) -> None:
        region = self.chosen()
        if region is not None:
            new = replace(region, exposure=self.own_scope.currentData())
            self._session.set_plan(swapped(self._session.state.plan, region, new))
            self.select(new)

    # ------------------------------------------------------------ news

    def _on_shape(self, shape: str) -> None:
        for name, button in self.buttons.items():
            button.setChecked(name == shape)
        self._tell(f"{self.texts[shape][1]} {self.tr('Esc cancels.')}" if shape else "")

    def _tell(self, text: str) -> None:
        if not text and not self.list.topLevelItemCount():
            text = self.tr(
                "No region yet. Choose a shape and draw it on any of the images; regions of ds9 "
                "come in by Stack > Import regions."
            )
        self.hint.setText(text)
        self.hint.setVisible(bool(text))

    def _on_nothing(self) -> None:
        self._tell(self.tr("That holds no pixel. {} Esc cancels.").format(self._how()))

    def _how(self) -> str:
        return self.texts[self.tool.shape][1] if self.tool.shape else ""

    def _on_chosen(self) -> None:
        if not self._filling:
            self._show()

    def _refresh(self) -> None:
        """Fill the list anew; what was selected stays so."""
        state = self._session.state
        chosen = self.chosen()
        if state.stack is None:
            self.tool.start("")
        self._filling = True
        self.list.clear()
        for region in state.plan.regions:
            item = QTreeWidgetItem([self._word(region), place_text(region), self._scope(region)])
            item.setData(0, _REGION, region)
            for column in range(3):
                item.setToolTip(column, plain_tip(item.text(column)))
            self.list.addTopLevelItem(item)
        self.select(chosen)
        self._filling = False
        self._fill_scope(self.scope, self.scope.currentData())
        self._on_shape(self.tool.shape)
        self._show()

    def _word(self, region: Region) -> str:
        if region.note == "bin":
            return self.tr("Bin")
        return self.texts[region.shape][0]

    def _scope(self, region: Region) -> str:
        return self.tr("whole stack") if region.exposure is None else region.exposure

    def _shown_name(self) -> str | None:
        state = self._session.state
        if state.stack is None or state.science is None:
            return None
        return state.stack.stack.entries[state.science].name

    def _fill_scope(self, box: QComboBox, wanted: str | None) -> None:
        """Offer the whole stack, the exposure that is shown, and what is set."""
        shown = self._shown_name()
        box.clear()
        box.addItem(self.tr("whole stack"), None)
        names = [shown] if box is self.scope else [shown, wanted]
        for name in dict.fromkeys(n for n in names if n is not None):
            box.addItem(self.tr("only {}").format(name), name)
        follows = box is self.scope and wanted is not None and shown is not None
        box.setCurrentIndex(1 if follows else max(box.findData(wanted), 0))

    def _show(self) -> None:
        """Show the regions of the pair, and what is selected."""
        state, chosen = self._session.state, self.chosen()
        self._fill_scope(self.own_scope, chosen.exposure if chosen is not None else None)
        for widget in (self.own_scope, self.remove):
            widget.setEnabled(chosen is not None)
        names = {None, self._shown_name()}
        if state.stack is not None and state.reference is not None:
            names.add(state.stack.stack.entries[state.reference].name)
        seen = tuple(r for r in state.plan.regions if r.exposure in names)
        if state.stack is None:
            seen = ()
        self.tool.show_regions(seen, chosen if chosen in seen else None)

    # ------------------------------------------------------------ Qt's events

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Del in the list deletes."""
        if (
            watched is self.list
            and isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() == Qt.Key.Key_Delete
        ):
            self.delete()
            return True
        return super().eventFilter(watched, event)
