"""What a match really used, as badges that tell what was asked when one points at them."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from bgviewer.tasks.effective import Effective
from bgviewer.ui.labels import ElidedLabel
from bgviewer.ui.plain_text import plain_tip
from bgviewer.ui.theme import current_colours

__all__ = ["Badges"]

_NAMES = ("model", "weighting", "cells", "bins")
_CHANGED = "≠"


class Badges(QWidget):
    """Model, weighting, cells and bins as they took effect; made once."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._titles = {
            "model": self.tr("Model"),
            "weighting": self.tr("Weighting"),
            "cells": self.tr("Cells that carry the fit"),
            "bins": self.tr("Bins that judge the fit"),
        }
        self.badges: dict[str, QLabel] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)
        for name in _NAMES:
            badge = ElidedLabel()
            badge.setObjectName("badge")
            badge.setAlignment(Qt.AlignmentFlag.AlignCenter)
            badge.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            small = badge.font()
            small.setPointSizeF(small.pointSizeF() * 0.88)
            badge.setFont(small)
            self.badges[name] = badge
        self.setAccessibleName(self.tr("Effective settings"))
        self._columns = 4
        self._seen: frozenset[str] = frozenset()
        self._arranged: tuple[int, tuple[str, ...]] | None = None
        self.show_settings(())
        self.follow_palette()

    def set_columns(self, columns: int) -> None:
        """Arrange the badges in so many columns."""
        self._columns = columns
        self._arrange()

    def _arrange(self) -> None:
        """Leave no gap for what a model does not have (a spline has no weighting)."""
        seen = tuple(name for name in _NAMES if name in self._seen)
        if (self._columns, seen) == self._arranged:
            return
        self._arranged = (self._columns, seen)
        for badge in self.badges.values():
            self._grid.removeWidget(badge)
        columns = min(self._columns, max(len(seen), 1))
        for i, name in enumerate(seen):
            last_alone = i == len(seen) - 1 and i % columns == 0
            span = columns if last_alone else 1
            self._grid.addWidget(self.badges[name], i // columns, i % columns, 1, span)
        for column in range(4):
            self._grid.setColumnStretch(column, int(column < columns))

    def show_settings(self, settings: tuple[Effective, ...]) -> None:
        """Show what took effect; nothing without a match."""
        known = {setting.name: setting for setting in settings}
        self._seen = frozenset(known)
        self._arrange()
        for name, badge in self.badges.items():
            setting = known.get(name)
            badge.setVisible(setting is not None)
            if setting is None:
                continue
            text = f"{_CHANGED} {setting.used}" if setting.changed else setting.used
            tip = self._tip(setting)
            if (text, tip) == (badge.text(), badge.toolTip()):
                continue
            badge.setText(text)
            badge.setToolTip(plain_tip(tip))
            badge.setAccessibleName(f"{self._titles[name]}: {tip}")
            badge.setProperty("changed", setting.changed)
            style = badge.style()
            if style is not None:
                style.polish(badge)

    def _tip(self, setting: Effective) -> str:
        lines = [
            self._titles[setting.name],
            self.tr("asked: {}").format(setting.asked),
            self.tr("used: {}").format(setting.used),
        ]
        if setting.changed:
            lines.append(self.tr("≠ not as asked"))
        return "\n".join([*lines, *setting.why])

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        colours = current_colours()
        ground = "#fff3da" if not colours.dark else "#3a3120"
        self.setStyleSheet(
            f"#badge {{ border: 1px solid {colours.line}; border-radius: 7px; padding: 1px 5px;"
            f" color: {colours.muted}; }}"
            f"#badge[changed='true'] {{ background: {ground}; border-color: {colours.warning};"
            f" color: {colours.text}; font-weight: bold; }}"
        )
