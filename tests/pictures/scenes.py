"""What each picture shows: a window brought to a state by its own functions, on known exposures."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from astropy.io import fits
from PyQt6.QtCore import QRect, Qt
from PyQt6.QtGui import QPixmap

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import Exposure
from bgviewer.engine.synthetic import Recipe, make_stack
from bgviewer.io.stack import ExposureStack
from bgviewer.tasks.demo import write_demo_stack
from bgviewer.ui.export_dialog import ExportDialog
from bgviewer.ui.main_window import MainWindow
from tests.pictures.studio import Look, Studio, real_stack

__all__ = ["SCENES", "Scene"]

_RECIPE = Recipe(n_exposures=8, odd_one=False)
_GLOW = "demo_05"  # every third exposure has a wide glow: what a plane cannot follow


@dataclass(frozen=True)
class Scene:
    """A picture: its name, what draws it, how it looks in the README."""

    name: str
    draw: Callable[[Studio], QPixmap]
    look: Look = field(default_factory=Look)
    real: bool = False


def _main(studio: Studio) -> QPixmap:
    folder = real_stack()
    assert folder is not None
    studio.open(MatchConfig()).load([str(folder)])
    studio.settle()
    return studio.grab()


def _on_disk(studio: Studio, config: MatchConfig, **recipe: object) -> Path:
    """Write a generated stack, load it, and wait."""
    folder = studio.folder / "field"
    write_demo_stack(folder, replace(_RECIPE, **recipe))  # type: ignore[arg-type]
    studio.open(config).load([str(folder)])
    studio.settle()
    return folder


def _demo(studio: Studio) -> QPixmap:
    _on_disk(studio, MatchConfig(bin_size=128))
    return studio.grab()


def _ranking(studio: Studio) -> QPixmap:
    _on_disk(studio, MatchConfig(bin_size=128))
    studio.window.session.set_weights(0.15, 0.25, 0.6)
    studio.settle()
    studio.show_exposure("demo_03")
    return studio.grab()


def _only_pictures(window: MainWindow) -> None:
    for dock in window.docks.all():
        dock.hide()


def _fits(studio: Studio) -> QPixmap:
    """One exposure with a model that is too stiff, and with one that is not."""
    studio.look = replace(studio.look, size=(studio.look.size[0] * 3 // 4, studio.look.size[1]))
    _on_disk(studio, MatchConfig(bin_size=64, use_polynomial=True, order=1))
    studio.show_exposure(_GLOW)
    window = studio.window
    _only_pictures(window)
    window.judge_dock.show()
    window.judge.setCurrentWidget(window.judge.pulls)
    parts = []
    for order in (1, 12):
        window.session.edit_config("order", order)
        studio.settle()
        parts.append((f"order {order}", studio.grab()))
    return studio.beside(parts)


def _with_star(exposure: Exposure, x: float, y: float) -> Exposure:
    """Put a star there that no mask plane knows of."""
    ny, nx = exposure.shape
    rows, columns = np.mgrid[0:ny, 0:nx]
    distance = np.hypot(columns - x, rows - y)
    star = 6000.0 * (1.0 + (distance / 4.0) ** 2) ** -2.0
    return replace(exposure, image=(exposure.image + star).astype(np.float32))


def _bin(studio: Studio) -> QPixmap:
    """A bin spoilt by a star, looked at and left out."""
    exposures = list(make_stack(_RECIPE).exposures)
    exposures[4] = _with_star(exposures[4], 352.0, 608.0)
    studio.open(MatchConfig(bin_size=64, use_polynomial=True, order=6))
    studio.window.session.use_stack(ExposureStack.of(tuple(exposures)))
    studio.settle()
    studio.show_exposure(_GLOW)
    _only_pictures(studio.window)
    studio.click_cell(5, 9)
    before = studio.grab()
    studio.window.judge.bin.button.click()
    studio.settle()
    return studio.beside([("a star spoils a bin", before), ("the bin is excluded", studio.grab())])


def _split(studio: Studio) -> QPixmap:
    """Two settings on both sides of a line, and their difference."""
    _on_disk(studio, MatchConfig(bin_size=64, use_polynomial=True, order=2))
    studio.show_exposure(_GLOW)
    studio.do("keep_a")
    studio.window.session.edit_config("order", 8)
    studio.settle()
    studio.do("keep_b", "third_a_minus_b", "differences", "split")
    return studio.grab()


def _overview(studio: Studio) -> QPixmap:
    """A whole stack after Match all, one exposure refused."""
    _on_disk(
        studio, MatchConfig(bin_size=64), shape=(512, 512), n_exposures=23, odd_one=True, n_stars=70
    )
    dock = studio.window.stack_views.overview_dock
    dock.show()
    dock.raise_()
    studio.window.resizeDocks([dock], [studio.look.size[1] * 11 // 20], Qt.Orientation.Vertical)
    studio.do("match_all")
    return studio.grab()


def _export(studio: Studio) -> QPixmap:
    """The export dialog, and the cards it writes."""
    _on_disk(studio, MatchConfig(bin_size=128))
    os.chdir(studio.folder)  # so that the picture shows no temporary folder
    window = studio.window
    dialog = ExportDialog(window.session, window)
    dialog.directory.setText("field/matched")
    picture = studio.grab_with(dialog)
    dialog.accept()
    assert dialog.request is not None
    window.session.export(dialog.request)
    studio.settle()
    dialog.deleteLater()
    matched = studio.folder / "field" / "matched" / "demo_01_matched.fits"
    height = picture.deviceIndependentSize().toSize().height()
    sheet = studio.sheet(_cards(matched), (560, height))
    return studio.beside([("File > Export matched FITS…", picture), (matched.name, sheet)])


def _cards(path: Path) -> str:
    """Return our cards and the HDUs of a file, as fitsheader prints them."""
    lines = []
    with fits.open(path) as hdus:
        for number, hdu in enumerate(hdus):
            lines.append(
                f"# HDU {number}: {hdu.name or 'PRIMARY'}  {hdu.header.get('XTENSION', '')}"
            )
            kept = [c for c in hdu.header.cards if c.keyword.startswith(("BGV", "CTYPE", "CRVAL"))]
            lines += [str(card).rstrip()[:72] for card in kept]
            lines.append("")
    return "\n".join(lines)


def _half_seen(exposure: Exposure, columns: int) -> Exposure:
    """Take the data of the first columns away, as where a detector does not reach."""
    assert exposure.mask is not None and exposure.variance is not None
    image, mask, variance = (
        plane.copy() for plane in (exposure.image, exposure.mask, exposure.variance)
    )
    image[:, :columns], variance[:, :columns] = np.nan, np.inf
    mask[:, :columns] |= 1 << exposure.planes["NO_DATA"]
    return replace(exposure, image=image, mask=mask, variance=variance)


def _dark(studio: Studio) -> QPixmap:
    """More terms asked for than the cells can carry, and a model beyond its cells."""
    exposures = list(make_stack(_RECIPE).exposures)
    exposures[4] = _half_seen(exposures[4], 320)
    studio.open(MatchConfig(bin_size=150, use_polynomial=True, order=6))
    studio.window.session.use_stack(ExposureStack.of(tuple(exposures)))
    studio.settle()
    studio.show_exposure(_GLOW)
    return studio.grab()


def _coadd(studio: Studio) -> QPixmap:
    """The co-add before and after matching."""
    _on_disk(studio, MatchConfig(bin_size=64))
    studio.do("match_all")
    window, parts = studio.window, []
    _only_pictures(window)
    for name, caption in (("coadd_before", "before"), ("coadd_after", "after")):
        studio.do(f"third_{name}")
        third = window.panels.third
        parts.append((caption, third.grab(QRect(third.rect()))))
    return studio.beside(parts)


def _sweep(studio: Studio) -> QPixmap:
    """Forty settings judged on held-out tiles, for an exposure with a glow."""
    _on_disk(studio, MatchConfig(bin_size=256))
    studio.show_exposure(_GLOW)
    window = studio.window
    window.sweep.find_settings()
    window.resizeDocks([window.sweep.dock], [studio.look.size[1] // 3], Qt.Orientation.Vertical)
    sweeper = window.session.sweeper
    sweeper.start(frozenset(sweeper.subjects()))
    studio.wait_for(lambda: not sweeper.state.running, "swept")
    studio.settle()
    return studio.grab()


_SCENES = (
    Scene("main", _main, real=True),
    Scene("demo", _demo),
    Scene("ranking", _ranking),
    Scene("fits", _fits),
    Scene("bin", _bin, Look(size=(960, 820))),
    Scene("split", _split),
    Scene("overview", _overview, Look(size=(1440, 1040))),
    Scene("export", _export, Look(size=(1200, 750))),
    Scene("dark", _dark, Look(size=(1280, 800), dark=True, scale=2)),
    Scene("coadd", _coadd, Look(size=(1280, 640))),
    Scene("sweep", _sweep),
)
SCENES = {scene.name: scene for scene in _SCENES}
"""Every picture, by name."""
