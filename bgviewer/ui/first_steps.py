"""The first three steps, as a line above the images that never stops the work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QEvent, QObject, QSettings, Qt, QTimer
from PyQt6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from bgviewer.ui.keyboard import Ring
from bgviewer.ui.theme import current_colours

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["FirstSteps"]

_DONE = "help/firstStepsDone"
_OFFER = 0


class FirstSteps(QFrame):
    """Ranking, tuning, export: a sentence each, with a frame around what it speaks of.

    Parameters
    ----------
    window : MainWindow
        It need not be complete before `follow`.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._step: int | None = None
        self._done: set[int] = set()
        self._before: tuple[object, ...] = ()
        self.setObjectName("firstSteps")
        self.setAccessibleName(self.tr("First steps"))
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.back = QPushButton(self.tr("Back"))
        self.next = QPushButton(self.tr("Next"))
        self.dismiss = QToolButton()
        self.dismiss.setText("✕")
        self.dismiss.setAutoRaise(True)
        self.dismiss.setAccessibleName(self.tr("Dismiss the first steps for good"))
        self.dismiss.setToolTip(self.tr("Do not offer this again (Help ▸ First steps does)"))
        self.back.clicked.connect(lambda: self._show_step((self._step or 1) - 1))
        self.next.clicked.connect(self._go_on)
        self.dismiss.clicked.connect(self.finish)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 4, 6)
        row.setSpacing(8)
        row.addWidget(self.text, 1)
        for button in (self.back, self.next, self.dismiss):
            row.addWidget(button)
        self.ring: Ring | None = None
        self.hide()

    def follow(self) -> None:
        """Listen to the window, which is complete now."""
        window, session = self._window, self._window.session
        self.ring = Ring(window, 3)
        self._place = QTimer(self)
        self._place.setSingleShot(True)
        self._place.timeout.connect(self._show_ring)
        session.stack_changed.connect(self._on_stack)
        session.pair_changed.connect(self._on_change)
        session.config_changed.connect(self._on_change)
        window.actions_["export"].triggered.connect(lambda: self._tick(3))
        window.actions_["export_toolbar"].triggered.connect(lambda: self._tick(3))
        for watched in (window, window.stack_dock, window.config_dock):
            watched.installEventFilter(self)

    # ------------------------------------------------------------ beginning and end

    @property
    def step(self) -> int | None:
        """Number of the step that is shown; 0 = the offer, None = nothing."""
        return self._step

    def offer(self) -> None:
        """Offer the steps unless they were dismissed once."""
        if not QSettings().value(_DONE, False, bool):
            self._show_step(_OFFER)

    def begin(self) -> None:
        """Show the first step; without exposures, on the demo stack."""
        self._done.clear()
        session = self._window.session
        self._show_step(1)
        if session.state.stack is None and session.state.job is None:
            session.load_demo()

    def finish(self) -> None:
        """Put the steps away for good."""
        QSettings().setValue(_DONE, True)
        self._show_step(None)

    def _go_on(self) -> None:
        if self._step == _OFFER:
            self.begin()
        elif self._step == len(self._texts()):
            self.finish()
        else:
            self._show_step((self._step or 0) + 1)

    def _on_stack(self) -> None:
        """The demo begins the steps; exposures of one's own take the offer away."""
        stack = self._window.session.state.stack
        if self._step == _OFFER and stack is not None:
            demo = all(entry.path is None for entry in stack.stack.entries)
            self._show_step(1 if demo else None)
        self._done.clear()
        self._before = ()

    def _on_change(self) -> None:
        """See what the person did; what comes with a stack is no deed."""
        state = self._window.session.state
        now = (state.stack, state.science, state.config)
        before, self._before = self._before, now
        if not before or before[0] is not now[0] or None in now:
            return
        for step, changed in ((1, before[1] != now[1]), (2, before[2] != now[2])):
            if changed:
                self._tick(step)

    # ------------------------------------------------------------ showing

    def _texts(self) -> tuple[str, ...]:
        return (
            self.tr(
                "<b>1 of 3 · Ranking.</b> The exposures on the left are ranked as references: the "
                "lowest cost is best, ★ marks it. Select another row to see it matched."
            ),
            self.tr(
                "<b>2 of 3 · Tuning.</b> Drag binSize under Parameters: residuals and fitRMS "
                "follow at once. Good residuals are noise without a pattern; Ctrl+Z takes back."
            ),
            self.tr(
                "<b>3 of 3 · Export.</b> Export… (Ctrl+E) matches all exposures with these "
                "settings and writes them, with their background models, as FITS."
            ),
        )

    def _targets(self) -> tuple[QWidget | None, ...]:
        window = self._window
        toolbar = window.actions_.toolbar
        export = toolbar.widgetForAction(window.actions_["export_toolbar"])
        return (window.stack_dock, window.config_dock, export)

    def _show_step(self, step: int | None) -> None:
        self._step = step
        self.setVisible(step is not None)
        if step is not None:
            self._tell(step)
        if self.ring is not None:
            self._place.start(0)  # after the layout has made room for the line

    def _tell(self, step: int) -> None:
        self.follow_palette()
        self.back.setVisible(step > 1)
        if step == _OFFER:
            self.text.setText(
                self.tr("<b>New here?</b> Three hints on a demo stack show the way: one minute.")
            )
            self.next.setText(self.tr("Show me"))
            return
        texts = self._texts()
        done = "<b>✓</b> " if step in self._done else ""
        self.text.setText(done + texts[step - 1])
        self.next.setText(self.tr("Next") if step < len(texts) else self.tr("Done"))

    def _tick(self, step: int) -> None:
        """Say that the person has done what the step asks for."""
        if self._step == step:
            self._done.add(step)
            self._tell(step)

    def _show_ring(self) -> None:
        step = self._step
        if self.ring is not None:
            self.ring.surround(self._targets()[step - 1] if step else None)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Let the frame follow what it surrounds."""
        moved = (QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show, QEvent.Type.Hide)
        if self._step and event is not None and event.type() in moved:
            self._place.start(0)
        return super().eventFilter(watched, event)

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        colours = current_colours()
        edge = QApplication.palette().highlight().color().name()
        self.setStyleSheet(
            f"#firstSteps {{ background: {colours.card}; border: 0;"
            f" border-bottom: 1px solid {colours.line}; border-left: 4px solid {edge}; }}"
        )
