"""The demo: a generated stack on disk, so that every command has something to work on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from astropy.io import fits

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import Exposure
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.synthetic import Recipe, make_stack
from bgviewer.io.write import write_exposure

__all__ = ["DEMO_CONFIG", "write_demo_stack"]

DEMO_CONFIG = MatchConfig(bin_size=128)
"""LSST's defaults but for the bins: the demo's images are smaller than LSST's."""


def write_demo_stack(
    directory: Path, recipe: Recipe | None = None, progress: Progress = SILENT
) -> tuple[Path, ...]:
    """Write a generated stack into `directory` (made when missing).

    Existing files of the demo are replaced; others are not touched.

    Returns
    -------
    tuple of Path
        One file per exposure; the last has larger pixels and cannot be matched as it is.

    Raises
    ------
    WriteError
        When the folder cannot be written to.
    """
    directory.mkdir(parents=True, exist_ok=True)
    progress.step(0.0, "generating the demo stack")
    stack = make_stack(recipe)
    paths = []
    for number, exposure in enumerate(stack.exposures):
        progress.step((number + 1) / (len(stack.exposures) + 1), f"writing {exposure.name}")
        path = directory / f"{exposure.name}.fits"
        paths.append(write_exposure(_with_header(exposure), path, overwrite=True))
    return tuple(paths)


def _with_header(exposure: Exposure) -> Exposure:
    return replace(exposure, header=fits.Header(dict(exposure.header or {})))
