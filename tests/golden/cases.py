"""Read the golden cases that the project carries (or a whole folder of them)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from .scenes import build, digest

DATA = Path(__file__).parent / "data"


class Goldens:
    """One folder of goldens: ``manifest.json`` and the arrays it names."""

    def __init__(self, folder=DATA):
        self.folder = Path(folder)
        self.manifest = json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))
        self._scenes = {}
        self._pools = {}

    def __getitem__(self, group):
        return self.manifest[group]

    def scene(self, name):
        """Reference planes, science planes and xy0, checked against their digests."""
        if name not in self._scenes:
            scene = self.manifest["scenes"][name]
            ref, sci = build(scene["ref"]), build(scene["sci"])
            found = digest(ref), digest(sci)
            assert found == (scene["ref_sha"], scene["sci_sha"]), f"{name}: other pixels built"
            if len(self._scenes) > 3:
                self._scenes.clear()
            self._scenes[name] = ref, sci, tuple(scene["xy0"])
        return self._scenes[name]

    def arrays(self, case):
        """Arrays stored for one case."""
        with np.load(self.folder / case["file"]) as stored:
            return dict(stored)

    def exposures(self, case):
        """Planes of the exposures of a ranking or run case; None = cannot be read."""
        if "planes" not in case:  # layout of the whole folder
            stored = self.arrays(case) if case["n"] and "file" in case else {}
            names = ("image", "mask", "variance")
            return [
                {k: stored[f"{k}{i}"] for k in names if f"{k}{i}" in stored} or None
                for i in range(case["n"])
            ]
        pool = self._pool(case["file"])
        return [
            None if keys is None else {k: pool[key] for k, key in keys.items()}
            for keys in case["planes"]
        ]

    def _pool(self, file):
        if file not in self._pools:
            with np.load(self.folder / file) as stored:
                self._pools[file] = dict(stored)
        return self._pools[file]
