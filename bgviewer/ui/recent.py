"""The last stacks and sessions, remembered from one start to the next."""

from __future__ import annotations

import json
from pathlib import Path

from PyQt6.QtCore import QSettings

__all__ = ["MOST", "Recent"]

MOST = 10
_KEY = "recent/stacks"


class Recent:
    """Lists of paths, newest first; what is gone is not offered."""

    def add(self, paths: list[str]) -> None:
        """Put paths that were opened together to the top."""
        paths = [str(Path(p).absolute()) if not p.startswith("@") else p for p in paths]
        kept = [paths, *(other for other in self._all() if other != paths)]
        QSettings().setValue(_KEY, json.dumps(kept[:MOST]))

    def entries(self) -> list[list[str]]:
        """Return what is still there."""
        return [paths for paths in self._all() if paths and Path(paths[0]).exists()]

    def clear(self) -> None:
        """Forget all."""
        QSettings().remove(_KEY)

    def _all(self) -> list[list[str]]:
        text = QSettings().value(_KEY, "", str)
        try:
            found = json.loads(text) if text else []
        except ValueError:
            return []  # another program's, or damaged: nothing worth a message
        if not isinstance(found, list):
            return []
        return [p for p in found if isinstance(p, list) and all(isinstance(x, str) for x in p)]
