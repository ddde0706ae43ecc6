"""MatchConfig: every option of the match, declared once.

Window, command line, configuration file, header cards and documentation all read the
`Option` that each field carries.  Names are those of LSST's MatchBackgroundsConfig, in
snake case here and in LSST's spelling in files.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bgviewer.engine.options import Option, option
from bgviewer.errors import ConfigError, Remedy

__all__ = ["DEFAULT_BAD_MASK_PLANES", "OPTIONS", "MatchConfig", "Option", "option"]

DEFAULT_BAD_MASK_PLANES = ("NO_DATA", "DETECTED", "DETECTED_NEGATIVE", "SAT", "BAD", "INTRP", "CR")

GRID_STATISTICS = ("MEAN", "MEDIAN", "MEANCLIP")
UNDERSAMPLE_STYLES = ("THROW_EXCEPTION", "REDUCE_INTERP_ORDER", "INCREASE_NXNYSAMPLE")
INTERP_STYLES = ("CONSTANT", "LINEAR", "NATURAL_SPLINE", "AKIMA_SPLINE")


@dataclass(frozen=True)
class MatchConfig:
    """Settings of one match; immutable and always valid by itself.

    Field names are LSST's in snake case.  Whether ``bin_size`` and ``order`` fit a given image
    is asked with `problem`, because that depends on the image.

    Raises
    ------
    ConfigError
        When a value is outside its declared range; the text names field, value and range.
    """

    use_polynomial: bool = option(
        False,
        lsst_name="usePolynomial",
        kind="bool",
        stage="model",
        group="model",
        card="BGVPOLY",
        help="Model the difference with one Chebyshev polynomial over the whole image instead of "
        "a spline through the cells.",
        example="A smooth slope of moonlight over a chip is a polynomial of order 1 or 2; wiggles "
        "of a few hundred pixels want the spline.",
    )
    order: int = option(
        8,
        lsst_name="order",
        kind="int",
        stage="model",
        group="model",
        card="BGVORD",
        minimum=0,
        maximum=64,
        help="Highest total degree of the Chebyshev polynomial; it has (order+1)(order+2)/2 terms. "
        "Used with usePolynomial only.",
        example="Order 2 has 6 terms (level, slopes, curvature); order 8 has 45 and needs at least "
        "9 bins along the shorter side.",
    )
    bad_mask_planes: tuple[str, ...] = option(
        DEFAULT_BAD_MASK_PLANES,
        lsst_name="badMaskPlanes",
        kind="planes",
        stage="difference",
        group="mask",
        card="BGVMASK",
        help="Pixels with any of these mask planes set, in either exposure, are not used. "
        "A plane that an exposure lacks counts as empty.",
        example="Without DETECTED in the list, stars and galaxies pull the background up.",
    )
    grid_statistic: str = option(
        "MEAN",
        lsst_name="gridStatistic",
        kind="choice",
        stage="grid",
        group="grid",
        card="BGVSTAT",
        choices=GRID_STATISTICS,
        help="How the good pixels of a cell become one value: mean, median, or mean after clipping "
        "outliers.",
        example="With sources well masked MEAN has the smallest error; MEDIAN and MEANCLIP forgive "
        "faint unmasked sources and cosmic rays.",
    )
    undersample_style: str = option(
        "REDUCE_INTERP_ORDER",
        lsst_name="undersampleStyle",
        kind="choice",
        stage="grid",
        group="model",
        card="BGVUNDR",
        choices=UNDERSAMPLE_STYLES,
        help="What to do when there are too few cells with data for the style or order: refuse, "
        "step down to what the data carry, or (polynomials only) make more cells.",
        example="With four columns of cells REDUCE_INTERP_ORDER turns AKIMA_SPLINE into a natural "
        "cubic spline and says so.",
    )
    bin_size: int = option(
        256,
        lsst_name="binSize",
        kind="int",
        stage="grid",
        group="grid",
        card="BGVBIN",
        minimum=1,
        maximum=1_000_000,
        unit="pix",
        help="Side of the bins. The fit uses ceil(side/binSize) cells of nearly equal size per "
        "axis.",
        example="On 1500 pixels, 256 gives 6 cells of 250 pixels. Smaller bins follow finer sky "
        "but begin to eat halos of galaxies of that size.",
    )
    interp_style: str = option(
        "AKIMA_SPLINE",
        lsst_name="interpStyle",
        kind="choice",
        stage="model",
        group="model",
        card="BGVINTP",
        choices=INTERP_STYLES,
        help="Curve through the cell values: steps, straight lines, natural cubic, or Akima spline "
        "(fewer overshoots). Used without usePolynomial.",
        example="AKIMA_SPLINE needs 5 cells along each axis, NATURAL_SPLINE 3, LINEAR 2.",
    )
    num_sigma_clip: int = option(
        3,
        lsst_name="numSigmaClip",
        kind="int",
        stage="difference",
        group="grid",
        card="BGVNSIG",
        minimum=1,
        maximum=100,
        unit="sigma",
        help="Half width, in standard deviations, of what MEANCLIP keeps. Drives diffImVar with "
        "every statistic.",
        example="3 keeps 99.7 % of pure Gaussian noise in each pass.",
    )
    num_iter: int = option(
        2,
        lsst_name="numIter",
        kind="int",
        stage="difference",
        group="grid",
        card="BGVNITR",
        minimum=1,
        maximum=100,
        help="Clipping passes of MEANCLIP: the first around the median, the others around the "
        "clipped mean. Drives diffImVar with every statistic.",
        example="2 is LSST's default; more passes change little unless many sources are unmasked.",
    )
    best_ref_weight_coverage: float = option(
        0.4,
        lsst_name="bestRefWeightCoverage",
        kind="float",
        stage="ranking",
        group="ranking",
        card="BGVWCOV",
        minimum=0.0,
        maximum=1.0,
        help="Weight of coverage (smallest count of good pixels in the stack / this exposure's) in "
        "the cost of a reference.",
        example="At 1 with the others at 0 the exposure with most good pixels wins.",
    )
    best_ref_weight_variance: float = option(
        0.4,
        lsst_name="bestRefWeightVariance",
        kind="float",
        stage="ranking",
        group="ranking",
        card="BGVWVAR",
        minimum=0.0,
        maximum=1.0,
        help="Weight of the scatter of the good pixel values (not of the variance plane), relative "
        "to the largest of the stack.",
        example="At 1 with the others at 0 the exposure with the smoothest pixels wins.",
    )
    best_ref_weight_level: float = option(
        0.2,
        lsst_name="bestRefWeightLevel",
        kind="float",
        stage="ranking",
        group="ranking",
        card="BGVWLEV",
        minimum=0.0,
        maximum=1.0,
        help="Weight of the mean level of the good pixels, relative to the largest of the stack.",
        example="At 1 with the others at 0 the darkest sky wins; meaningless once the sky has been "
        "subtracted.",
    )
    approx_weighting: bool = option(
        True,
        lsst_name="approxWeighting",
        kind="bool",
        stage="model",
        group="model",
        card="BGVWGHT",
        help="Weight the cells of a polynomial fit by one over their standard error, as LSST does.",
        example="A cell at the ragged edge with few good pixels then counts less than a full one.",
    )
    grid_stdev_epsilon: float = option(
        1e-8,
        lsst_name="gridStdevEpsilon",
        kind="float",
        stage="grid",
        group="grid",
        card="BGVEPSI",
        minimum=0.0,
        help="Smallest standard deviation believed in a bin. When no bin's error is above it the "
        "difference counts as uniform and the fit is not weighted.",
        example="Two copies of one image differ by exactly 0; without this floor the weights would "
        "be infinite.",
    )
    inverse_variance_weighting: bool = option(
        False,
        lsst_name="inverseVarianceWeighting",
        kind="bool",
        stage="model",
        group="corrections",
        card="BGVIVAR",
        lsst=False,
        help="Weight the cells of a polynomial fit by 1/error squared (true inverse variance) "
        "instead of LSST's 1/error. Results then differ from LSST's.",
        example="A cell with twice the error counts a quarter instead of a half.",
    )
    corrected_increase: bool = option(
        False,
        lsst_name="correctedIncrease",
        kind="bool",
        stage="grid",
        group="corrections",
        card="BGVINCR",
        lsst=False,
        help="Let INCREASE_NXNYSAMPLE use the new bin SIZE it computes; LSST takes that number as "
        "the COUNT of cells per axis, usually far too many.",
        example="512 pixels, new bin size 51: 11 cells per axis instead of LSST's 51.",
    )
    level_above_minimum: bool = option(
        False,
        lsst_name="levelAboveMinimum",
        kind="bool",
        stage="ranking",
        group="corrections",
        card="BGVLEVM",
        lsst=False,
        help="Rank by the level above the darkest exposure of the stack instead of by the level "
        "itself, so that negative levels are neither rewarded nor inverted.",
        example="With sky-subtracted exposures at -2, 0 and 1 the level terms become 0, 0.67 "
        "and 1.",
    )

    penalised_spline: bool = option(
        False,
        lsst_name="penalisedSpline",
        kind="bool",
        stage="model",
        group="model",
        card="BGVPSPL",
        lsst=False,
        help="Model the difference with a P-spline: cubic B-splines fitted to clipped means of "
        "small tiles, held smooth by a penalty on their derivatives. Takes precedence over "
        "usePolynomial; LSST does not have it.",
        example="It finds by itself how smooth the sky is, and continues it evenly over masked "
        "galaxies where a polynomial of high order would run away.",
    )
    smoothing_length: float = option(
        0.0,
        lsst_name="smoothingLength",
        kind="float",
        stage="model",
        group="model",
        card="BGVSMLN",
        minimum=0.0,
        maximum=1_000_000.0,
        unit="pix",
        step=10.0,
        lsst=False,
        help="Wavelength of which the P-spline keeps half the amplitude: longer structure is "
        "followed, shorter is left. 0 chooses it by restricted maximum likelihood (REML).",
        example="At 400 fringes of 100 pixels are left in the image, and a slope of moonlight is "
        "removed.",
    )
    penalty_order: int = option(
        2,
        lsst_name="penaltyOrder",
        kind="int",
        stage="model",
        group="model",
        card="BGVPORD",
        minimum=2,
        maximum=3,
        lsst=False,
        help="Derivative that the P-spline is penalised for: 2 leaves planes free, 3 leaves "
        "quadratics free.",
        example="2 continues a sky as a plane over a large hole and is the safer one there; 3 "
        "follows vignetting with a larger smoothing length.",
    )
    cell_centroids: bool = option(
        False,
        lsst_name="cellCentroids",
        kind="bool",
        stage="grid",
        group="model",
        card="BGVCENT",
        lsst=False,
        help="Take the value of a cell to be that at the centroid of its good pixels instead of "
        "at its middle, where LSST puts it. The P-spline always does.",
        example="With a quarter of the pixels masked a plane is reproduced without error; at the "
        "cells' middles it is off by 1 % of its range.",
    )

    def __post_init__(self) -> None:
        for opt in OPTIONS.values():
            object.__setattr__(self, opt.name, opt.check(getattr(self, opt.name)))

    @property
    def model_kind(self) -> str:
        """What the model is made of: "smooth" (a P-spline), "chebyshev" or "spline"."""
        if self.penalised_spline:
            return "smooth"
        return "chebyshev" if self.use_polynomial else "spline"

    def replace(self, **changes: Any) -> MatchConfig:
        """Return a copy with `changes` (snake-case names)."""
        for name in changes:
            if name not in OPTIONS:
                raise _unknown(name, OPTIONS)
        return dataclasses.replace(self, **changes)

    @classmethod
    def from_lsst(cls, values: Mapping[str, Any]) -> MatchConfig:
        """Build from LSST's spelling of the names.

        Raises
        ------
        ConfigError
            For an unknown key (the text names the nearest) or a value out of range.
        """
        if not isinstance(values, Mapping) or not all(isinstance(key, str) for key in values):
            raise ConfigError(
                "values must map LSST's names to values, such as {'binSize': 128}, not a "
                f"{type(values).__name__}"
            )
        by_lsst = {o.lsst_name: o for o in OPTIONS.values()}
        for key in values:
            if key not in by_lsst:
                raise _unknown(key, by_lsst)
        return cls(**{by_lsst[key].name: value for key, value in values.items()})

    def to_lsst(self) -> dict[str, Any]:
        """Return LSST's 14 names with the values, and any correction that is switched on."""
        out: dict[str, Any] = {}
        for opt in OPTIONS.values():
            value = getattr(self, opt.name)
            if opt.lsst or value != opt.default:
                out[opt.lsst_name] = list(value) if opt.kind == "planes" else value
        return out

    def problem(self, shape: tuple[int, int]) -> ConfigError | None:
        """Tell whether a polynomial of this order fits bins of this size on an image.

        Parameters
        ----------
        shape : (int, int)
            ``(ny, nx)`` of the science exposure.

        Returns
        -------
        ConfigError or None
            With one-click remedies; None when there is no clash (always so for splines).
            Source: SPEC section 6, step 1.
        """
        if self.model_kind != "chebyshev":
            return None
        ny, nx = shape
        side = min(ny, nx)
        if side < self.bin_size:
            return ConfigError(
                f"binSize = {self.bin_size} is larger than the shorter side of the {nx} x {ny} "
                f"image ({side} pixels); a polynomial needs binSize of at most {side}.",
                field="bin_size",
                value=self.bin_size,
                remedies=self._remedies(side),
            )
        points = -(-side // self.bin_size)
        if self.order > points - 1:
            return ConfigError(
                f"order = {self.order} is beyond the bins: {side} pixels hold {points} bins of "
                f"binSize = {self.bin_size}, enough for order {points - 1} at most.",
                field="order",
                value=self.order,
                remedies=self._remedies(side),
            )
        return None

    def _remedies(self, side: int) -> tuple[Remedy, ...]:
        remedies = []
        highest = -(-side // self.bin_size) - 1
        if side >= self.bin_size and highest >= 0:
            remedies.append(Remedy(f"Use order {highest}", (("order", highest),)))
        # The largest bin with ceil(side/bin) >= order + 1.
        largest = side if self.order == 0 else -(-side // self.order) - 1
        if largest >= 1:
            remedies.append(Remedy(f"Use binSize {largest}", (("bin_size", largest),)))
        remedies.append(Remedy("Use the spline", (("use_polynomial", False),)))
        return tuple(remedies)


def _unknown(key: str, known: Iterable[str]) -> ConfigError:
    names = list(known)
    lower = {n.lower(): n for n in names}
    near = difflib.get_close_matches(key.lower(), lower, 1, 0.4)
    hint = f" Did you mean {lower[near[0]]}?" if near else f" Known: {', '.join(names)}."
    return ConfigError(f"unknown option {key!r}.{hint}", field=None, value=key)


def _declared() -> dict[str, Option]:
    return {
        f.name: Option(name=f.name, default=f.default, **f.metadata["option"])
        for f in dataclasses.fields(MatchConfig)
    }


OPTIONS: dict[str, Option] = _declared()
