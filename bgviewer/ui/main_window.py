"""The main window: docks around three panels; reads the session's state, tells it wishes."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, Qt
from PyQt6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
)
from PyQt6.QtWidgets import (
    QMainWindow,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from bgviewer.engine.config import MatchConfig
from bgviewer.session.session import Session
from bgviewer.tasks.presets import Preset
from bgviewer.ui.acceptance_panel import AcceptanceGroup
from bgviewer.ui.actions import Actions
from bgviewer.ui.batch import BatchUi
from bgviewer.ui.bug_dialog import BugDialog
from bgviewer.ui.carrying import Carrying
from bgviewer.ui.colour_scheme import SchemeChoice
from bgviewer.ui.config_panel import ConfigPanel
from bgviewer.ui.detection_panel import DetectionGroup
from bgviewer.ui.diagnosing.dock import DiagnosticsUi
from bgviewer.ui.docks import Docks, first_size
from bgviewer.ui.dropping import describe_paths
from bgviewer.ui.earlier import Earlier
from bgviewer.ui.empty_state import EmptyState
from bgviewer.ui.enabling import enable_actions
from bgviewer.ui.explanations import explain_window
from bgviewer.ui.export_dialog import ExportDialog
from bgviewer.ui.files import Files, dropped
from bgviewer.ui.first_steps import FirstSteps
from bgviewer.ui.heading import build_heading
from bgviewer.ui.history import History
from bgviewer.ui.icons import icon
from bgviewer.ui.importing import Importing
from bgviewer.ui.judging.dock import JudgePanel
from bgviewer.ui.keyboard import Keyboard
from bgviewer.ui.leaving import Leaving
from bgviewer.ui.looks import add_look_menus
from bgviewer.ui.marking import Marking
from bgviewer.ui.menus import menu_entries
from bgviewer.ui.menus.texts import tr
from bgviewer.ui.notice_bar import NoticeBar
from bgviewer.ui.panels import Panels
from bgviewer.ui.preparing import PreparingUi
from bgviewer.ui.quiet import Quiet
from bgviewer.ui.saving import Saving
from bgviewer.ui.shortcuts import Shortcuts
from bgviewer.ui.stack_dock import StackDock
from bgviewer.ui.stack_views import StackViewsUi
from bgviewer.ui.status import StatusBar
from bgviewer.ui.sweeping.dock import SweepUi
from bgviewer.ui.theme import FollowsPalette

__all__ = ["MainWindow"]


class MainWindow(FollowsPalette, QMainWindow):
    """Everything a person sees.

    Parameters
    ----------
    session : Session
        Closed together with the window.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.files = Files(self)
        self.carrying = Carrying(self)
        self.saving = Saving(self)
        self.leaving = Leaving(self)
        self._bug: BugDialog | None = None
        self._known_config = session.state.config
        self.setObjectName("bgviewer")
        self.setWindowIcon(icon("bgviewer"))
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(False)
        self._build_centre()
        self._build_docks()
        self.status = StatusBar()
        self.setStatusBar(self.status)
        self.stack_views = StackViewsUi(self)
        self.sweep = SweepUi(self)
        self.diagnostics = DiagnosticsUi(self)
        self.keyboard = Keyboard(self)
        self.marking = Marking(self)
        self.importing = Importing(self)
        self.earlier = Earlier(self)
        self.history = History(session, self)
        self.scheme = SchemeChoice(self)
        self.actions_ = Actions(self, menu_entries(self))
        self.shortcuts = Shortcuts(self)
        self.heading, self.kept = build_heading(self)
        self._list_docks()
        self.saving.build_menus()
        self._connect()
        self._connect_history()
        self.batch = BatchUi(self)
        self.first_steps.follow()
        explain_window(self)
        self.carrying.follow()
        self.leaving.follow()
        self.resize(first_size(self.screen()))
        self.docks.share_out()
        self.docks.restore()
        self._on_stack()
        self._on_match()
        self.begin_following()
        self.scheme.restore()

    # ------------------------------------------------------------ building

    def _build_centre(self) -> None:
        self.notices = NoticeBar()
        self.panels = Panels()
        self.empty = EmptyState()
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(Quiet(self.panels))
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.notices)
        self.first_steps = FirstSteps(self)
        column.addWidget(self.first_steps)
        column.addWidget(self.pages, 1)
        self.setCentralWidget(centre)

    def _build_docks(self) -> None:
        self.docks = Docks(self)
        self.stack_panel = StackDock(self.session)
        self.config_panel = ConfigPanel(self.session)
        self.acceptance = AcceptanceGroup(self.session)
        self.config_panel.add_group(self.acceptance)
        self.preparing = PreparingUi(self)
        self.detection = DetectionGroup(self.session, self.preparing.work)
        self.config_panel.add_group(self.detection)
        self.stack_dock = self.docks.add(
            self.tr("Exposures"),
            "stack",
            self.stack_panel,
            Qt.DockWidgetArea.LeftDockWidgetArea,
            least_width=290,
        )
        self.config_dock = self.docks.add(
            self.tr("Parameters"),
            "parameters",
            self.config_panel,
            Qt.DockWidgetArea.RightDockWidgetArea,
            least_width=300,
        )
        self.judge = JudgePanel(self.session, self.panels)
        self.judge_dock = self.docks.add(
            self.tr("Judge"),
            "judge",
            Quiet(self.judge),
            Qt.DockWidgetArea.BottomDockWidgetArea,
            visible=False,  # the images need the room; a click on a bin opens it
        )

    def _list_docks(self) -> None:
        """Let the View menu show and hide docks."""
        menu = self.actions_.menus[tr("&View")]
        docks = menu.addMenu(self.tr("Doc&ks"))
        assert docks is not None
        docks.addActions(self.docks.actions())
        add_look_menus(menu, self.panels, self)

    def _connect(self) -> None:
        session, panels = self.session, self.panels
        session.stack_changed.connect(self._on_stack)
        session.pair_changed.connect(self._on_pair)
        session.match_changed.connect(self._on_match)
        session.job_changed.connect(lambda: self.status.show_job(session.state.job))
        session.job_changed.connect(self._enable)
        session.config_changed.connect(self._enable)
        session.notice_raised.connect(self.notices.show_notice)
        session.notices_outdated.connect(self.notices.outdate)
        session.config_changed.connect(self._clear_news)
        session.bug_caught.connect(self.show_bug)
        session.plan_changed.connect(self._follow_limits)
        panels.told.connect(self.stack_views.follow)
        panels.told.connect(self._show_zoom)
        panels.hovered.connect(self._on_hover)
        panels.third_chosen.connect(session.set_third)
        panels.remedy_chosen.connect(self.config_panel.own.apply_remedy)
        panels.zoomed.connect(session.set_detail)
        panels.side_changed.connect(session.set_side)
        panels.view.changed.connect(self._show_zoom)
        self.judge.wanted.connect(self.judge_dock.show)
        self.judge.wanted.connect(self.judge_dock.raise_)
        self.status.stop_asked.connect(session.stop)
        self.empty.files_asked.connect(self.files.open_files)
        self.empty.folder_asked.connect(self.files.open_folder)
        self.empty.demo_asked.connect(self.leaving.load_demo)

    def _connect_history(self) -> None:
        self.history.bind(self.actions_["undo"], self.actions_["redo"])
        for panel in (self.config_panel, self.stack_panel.weights):
            self.history.watch(panel)
        self.config_panel.presets.chosen.connect(self.apply_preset)

    # ------------------------------------------------------------ news

    def _on_stack(self) -> None:
        stack = self.session.state.stack
        self.pages.setCurrentIndex(0 if stack is None else 1)
        for dock in (self.stack_dock, self.config_dock):
            dock.setEnabled(stack is not None)
        title = "bgviewer"
        if stack is not None:
            self.stack_dock.setWindowTitle(self.tr("Exposures ({})").format(len(stack)))
            folder = next((e.path.parent.name for e in stack.stack.entries if e.path), "")
            title = f"{folder} — bgviewer" if folder else title
        else:
            self.stack_dock.setWindowTitle(self.tr("Exposures"))
        self.setWindowTitle(title)
        self.status.show_readout(None)
        self._on_pair()

    def _on_pair(self) -> None:
        state = self.session.state
        text = ""
        if state.stack is not None and state.reference is not None and state.science is not None:
            entries = state.stack.stack.entries
            text = f"{entries[state.science].name}  →  ★ {entries[state.reference].name}"
        self.heading.setText(text)
        self.heading.setToolTip(self.tr("science → reference"))
        self._enable()

    def _on_match(self) -> None:
        state = self.session.state
        self.panels.third.set_view(state.third)
        self.actions_[f"third_{state.third}"].setChecked(True)
        self.panels.show_match(state.match)

    def _follow_limits(self) -> None:
        self.panels.figures.set_limits(self.session.state.plan.acceptance)

    def _enable(self) -> None:
        enable_actions(self)

    def _on_hover(self, at: tuple[float, float] | None) -> None:
        self.status.show_readout(None if at is None else self.session.readout(*at))

    def _show_zoom(self) -> None:
        seen = self.panels.model.picture is not None
        self.status.show_zoom(self.panels.zoom_percent() if seen else None)

    def _clear_news(self) -> None:
        """What was good to know of other settings; a new stack alone changes none."""
        if self.session.state.config != self._known_config:
            self._known_config = self.session.state.config
            self.notices.clear_news()

    # ------------------------------------------------------------ wishes

    def load(self, paths: list[str], reference: str | None = None) -> None:
        """Load paths, and remember where they lie."""
        self.files.load(paths, reference)

    def open_export(self) -> None:
        """Ask where to write, and export; first whether to match a second time."""
        self.earlier.before(self._ask_export)

    def _ask_export(self) -> None:
        dialog = ExportDialog(self.session, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def go() -> None:
            if dialog.request is not None:
                self.session.export(dialog.request)

        dialog.accepted.connect(go)
        dialog.open()

    def show_bug(self, error: BaseException) -> None:
        """Say that the program is at fault."""
        if self._bug is not None:
            self._bug.add(error)
            return
        self._bug = BugDialog(error, self)
        self._bug.finished.connect(self._forget_bug)
        self._bug.open()

    def _forget_bug(self) -> None:
        if self._bug is not None:
            self._bug.deleteLater()
            self._bug = None

    def copy_values(self) -> None:
        """Copy the read-out as text."""
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self.status.plain_readout())

    def reset_parameters(self) -> None:
        """Back to LSST's defaults."""
        with self.history.named(self.tr("reset all parameters")):
            self.session.set_config(MatchConfig())

    def apply_preset(self, preset: Preset) -> None:
        """Take the settings of a preset, as one step."""
        with self.history.named(self.tr("preset {}").format(preset.name)):
            self.session.set_config(preset.apply(self.session.state.config))

    # ------------------------------------------------------------ looks

    def follow_palette(self) -> None:
        """Let everything with colours of its own take those of the palette."""
        for part in (
            self.panels,
            self.config_panel,
            self.first_steps,
            self.stack_views,
            self.judge,
            self.sweep,
            self.diagnostics,
        ):
            part.follow_palette()

    def toggle_full_screen(self) -> None:
        """Fill the screen, or stop doing so."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def forget_layout(self, size: tuple[int, int]) -> None:
        """Take a size and the default layout, whatever was remembered."""
        self.setWindowState(Qt.WindowState.WindowNoState)
        self.resize(*size)
        self.docks.reset()

    # ------------------------------------------------------------ Qt's events

    def changeEvent(self, event: QEvent | None) -> None:
        """Look whether input files changed when the window becomes active."""
        super().changeEvent(event)
        activated = event is not None and event.type() == QEvent.Type.ActivationChange
        if activated and self.isActiveWindow():
            self.session.file_watch.look()

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        """Welcome files and folders."""
        if event is not None and (paths := dropped(event)):
            event.acceptProposedAction()
            self.status.showMessage(describe_paths(paths))

    def dropEvent(self, event: QDropEvent | None) -> None:
        """Load what was dropped."""
        self.status.clearMessage()
        if event is not None and (paths := dropped(event)):
            event.acceptProposedAction()
            self.load(paths)

    def dragLeaveEvent(self, event: QDragLeaveEvent | None) -> None:
        """Take the hint away."""
        self.status.clearMessage()
        super().dragLeaveEvent(event)

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Remember the layout, stop all work, let go, once nothing is lost."""
        if event is not None and not self.leaving.may_close():
            event.ignore()
            return
        self.docks.remember()
        self.session.close()
        super().closeEvent(event)
