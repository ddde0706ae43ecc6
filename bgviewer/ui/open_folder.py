"""Opening a folder in the file manager of the desktop, where there is one."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from PyQt6.QtCore import QUrl
from PyQt6.QtGui import QDesktopServices, QGuiApplication

__all__ = ["has_launcher", "open_folder"]

# What Qt starts on Linux, in its order.
_LAUNCHERS = ("xdg-open", "exo-open", "kde-open", "gnome-open", "gio")
_NO_DESKTOP = ("offscreen", "minimal", "vnc", "linuxfb", "eglfs")
"""Platforms of Qt that open nothing."""


def has_launcher() -> bool:
    """Whether there is a program that can be asked to open a folder."""
    if QGuiApplication.platformName() in _NO_DESKTOP:
        return False
    if not sys.platform.startswith("linux"):
        return True
    named = os.environ.get("BROWSER", "").split(":")
    return any(shutil.which(name) for name in (*_LAUNCHERS, *filter(None, named)))


def open_folder(folder: Path) -> bool:
    """Ask the desktop to show a folder; return whether it was asked."""
    if not folder.is_dir() or not has_launcher():
        return False
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder.absolute())))
