"""What source detection is told: its options, declared once.

Window, command line and settings file read the declaration.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from bgviewer.engine.options import Option, option

__all__ = ["DETECTED", "DETECTION", "Detection"]

DETECTED = "DETECTED"
"""The mask plane that detection makes."""


@dataclass(frozen=True)
class Detection:
    """How sources are found in exposures that have no DETECTED plane.

    Attributes
    ----------
    sigma : float
        Threshold over the local background, in units of its scatter.
    min_area : int
        Fewest connected pixels of a source.
    grow : int
        Pixels by which a source is widened on every side.

    Raises
    ------
    ConfigError
        When a value is out of range.
    """

    sigma: float = option(
        3.0,
        lsst_name="detectSigma",
        kind="float",
        stage="difference",
        group="mask",
        card="BGVDETS",
        minimum=0.5,
        maximum=1000.0,
        step=0.5,
        unit="sigma",
        lsst=False,
        help="Threshold of the source detection, in units of the local background's scatter.",
        example="At 3 sigma a pixel 30 counts above a background that scatters by 10 belongs to a "
        "source; a lower threshold flags more of the faint wings, and more noise.",
    )
    min_area: int = option(
        5,
        lsst_name="detectMinArea",
        kind="int",
        stage="difference",
        group="mask",
        card="BGVDETA",
        minimum=1,
        maximum=100000,
        unit="pixels",
        lsst=False,
        help="Fewest connected pixels above the threshold that make a source.",
        example="With 5 pixels a single hot pixel or cosmic ray is no source.",
    )
    grow: int = option(
        4,
        lsst_name="detectGrow",
        kind="int",
        stage="difference",
        group="mask",
        card="BGVDETG",
        minimum=0,
        maximum=200,
        unit="pixels",
        lsst=False,
        help="Pixels by which every source is widened on each side, for its faint wings.",
        example="With 4 a star found as 10 x 10 pixels flags 18 x 18.",
    )

    def __post_init__(self) -> None:
        for opt in DETECTION.values():
            object.__setattr__(self, opt.name, opt.check(getattr(self, opt.name)))

    @property
    def text(self) -> str:
        """The options in words."""
        return f"{self.sigma:g} sigma, at least {self.min_area} pixels, grown by {self.grow} pixels"


DETECTION: dict[str, Option] = {
    f.name: Option(name=f.name, default=f.default, **f.metadata["option"])
    for f in dataclasses.fields(Detection)
}
