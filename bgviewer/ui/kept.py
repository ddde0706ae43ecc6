"""Says in the toolbar which snapshots are kept, and opens their comparison."""

from __future__ import annotations

from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QToolButton, QWidget

from bgviewer.engine.config import MatchConfig
from bgviewer.session.session import Session
from bgviewer.ui.plain_text import plain_tip

__all__ = ["KeptButton"]


class KeptButton(QToolButton):
    """ "A ● B ○": a filled sign for each snapshot that is kept; hidden while there is none.

    Parameters
    ----------
    session : Session
        Whose snapshots are told.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._place: QAction | None = None
        self.setAccessibleName(self.tr("Snapshots that are kept"))
        session.stack_views.changed.connect(self._refresh)

    def follow(self, place: QAction) -> None:
        """Show and hide the toolbar's action that holds this."""
        self._place = place
        self._refresh()

    def _refresh(self) -> None:
        views = self._session.stack_views
        kept = {slot: views.snapshot(slot) for slot in ("a", "b")}
        self.setText("  ".join(f"{s.upper()} {'●' if k else '○'}" for s, k in kept.items()))
        lines = [self.tr("Snapshots to compare; click: what differs between them")]
        for slot, shown in kept.items():
            name = self.tr("nothing kept yet")
            if shown is not None:
                name = f"{shown.stack[shown.science_id].name}, {_settings(shown.config)}"
            lines.append(f"{slot.upper()}: {name}")
        lines.append(self.tr("Space: show A and B in turn. Shift+B: a split line."))
        self.setToolTip(plain_tip("\n".join(lines)))
        self.setWhatsThis("<br>".join(lines))
        if self._place is not None:
            self._place.setVisible(any(k is not None for k in kept.values()))


def _settings(config: MatchConfig) -> str:
    """The settings one tells snapshots apart by."""
    size = f"binSize {config.bin_size}"
    if config.model_kind == "smooth":
        length = config.smoothing_length
        return f"{size}, P-spline" + (f" {length:g} px" if length else "")
    if config.use_polynomial:
        return f"{size}, order {config.order}"
    return f"{size}, {config.interp_style}"
