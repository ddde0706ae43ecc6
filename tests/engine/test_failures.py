"""Every situation that cannot be matched: its class, and a sentence with the values (SPEC 11)."""

import re

import numpy as np
import pytest

import bgviewer
from bgviewer.errors import ConfigError, FitError, NoOverlapError, UndersampledError

from .adapters import CLASSES, masked_image
from .stage import cover, pair, plane_pair
from .twin_numbers import BITS


def flat(shape=(40, 60)):
    ref, sci = plane_pair(shape, 0.0, 0.0)
    rng = np.random.default_rng(0)
    ref["image"] += rng.normal(size=shape).astype(np.float32)
    return ref, sci


def half():
    ref, sci = flat()
    sci["image"][:, 25:] = np.nan
    return ref, sci


def disjoint():
    ref, sci = flat()
    ref["image"][:, :30] = np.nan
    sci["mask"][:, 30:] = BITS["NO_DATA"]
    return ref, sci


def other_shape():
    ref, _ = flat()
    _, sci = flat((41, 60))
    return ref, sci


def noiseless():
    return plane_pair((40, 60), 0.0, 0.0)


POLYNOMIAL = {"use_polynomial": True}
THROW = {"undersample_style": "THROW_EXCEPTION"}
INCREASE = {"undersample_style": "INCREASE_NXNYSAMPLE"}

# kind, scene, options, what the sentence must hold (patterns)
SITUATIONS = [
    ("too_few_valid_points_on_line", half, {"bin_size": 8, **THROW, "interp_style": "LINEAR"},
     ["LINEAR", r"\b0\b", r"\b2\b"]),
    ("empty_line", half, {"bin_size": 8, **THROW, "interp_style": "CONSTANT"},
     ["CONSTANT", r"\b0\b"]),
    ("increase_not_supported", half, {"bin_size": 8, **INCREASE, "interp_style": "LINEAR"},
     ["LINEAR", r"\b0\b"]),
    ("increase_not_supported", flat, {"bin_size": 20, **INCREASE}, ["AKIMA_SPLINE", "3 x 2"]),
    ("too_few_cells_for_style", flat, {"bin_size": 20, **THROW}, ["AKIMA_SPLINE", "3 x 2"]),
    ("no_overlap", disjoint, {"bin_size": 8, **POLYNOMIAL, "order": 1}, ["overlap"]),
    ("no_overlap", disjoint, {"bin_size": 8, **POLYNOMIAL, "order": 2, **THROW}, ["overlap"]),
    ("insufficient_coverage", half, {"bin_size": 8, **POLYNOMIAL, "order": 4, **THROW},
     [r"order = 4\b", r"binSize = 8\b"]),
    ("bin_size_exceeds_short_side", flat, {"bin_size": 41, **POLYNOMIAL, "order": 0},
     [r"binSize = 41\b", "60 x 40"]),
    ("order_exceeds_points", flat, {"bin_size": 10, **POLYNOMIAL, "order": 4},
     [r"order = 4\b", r"binSize = 10\b"]),
    ("unknown_interp_style", flat, {"interp_style": "NONE"}, ["interpStyle", "NONE"]),
    ("unknown_interp_style", flat, {"interp_style": "NONE", **POLYNOMIAL}, ["NONE"]),
    ("non_positive_clip_parameter", flat, {"num_sigma_clip": 0}, [r"numSigmaClip = 0\b"]),
    ("non_positive_clip_parameter", flat, {"num_sigma_clip": -1}, ["numSigmaClip = -1"]),
    ("non_positive_clip_parameter", flat, {"num_iter": 0}, [r"numIter = 0\b"]),
    ("division_by_zero", flat, {"bin_size": 0}, [r"binSize = 0\b"]),
    ("non_positive_samples", flat, {"bin_size": -5}, ["binSize = -5"]),
    ("bad_order", flat, {"order": -1, **POLYNOMIAL}, ["order = -1"]),
    ("shape_mismatch", other_shape, {"bin_size": 10}, ["60 x 40", "60 x 41"]),
    ("shape_mismatch", other_shape, {"bin_size": 10, **POLYNOMIAL, "order": 2},
     ["60 x 40", "60 x 41"]),
    # the size is looked at before the shapes are (SPEC 6, step 1)
    ("bin_size_exceeds_short_side", other_shape, {"bin_size": 50, **POLYNOMIAL}, ["60 x 41"]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "scene", "options", "words"), SITUATIONS)
@pytest.mark.filterwarnings("error")
def test_situation(kind, scene, options, words):
    ref, sci = scene()
    classes = tuple(getattr(bgviewer, name) for name in CLASSES[kind].split())
    with pytest.raises(classes) as caught:
        bgviewer.match_backgrounds(
            masked_image(ref), masked_image(sci), bgviewer.MatchConfig(**options)
        )
    text = str(caught.value)
    assert len(text.split()) > 4, "an error is a sentence"
    for word in words:
        assert re.search(word, text), f"{word} is not in: {text}"


def test_no_cell_has_a_usable_error():
    """Cells are constant, the bins, which lie otherwise, are not: no weight is left at all."""
    shape = (20, 25)
    ref, sci = plane_pair(shape, 0.0, 0.0)
    ref["image"][:] = np.searchsorted([8, 17], np.arange(25), side="right")  # the cells' edges
    options = {"bin_size": 10, "order": 1, **POLYNOMIAL}
    with pytest.raises(FitError, match="nothing to fit"):
        bgviewer.match_backgrounds(
            masked_image(ref), masked_image(sci), bgviewer.MatchConfig(**options)
        )


def test_one_noisy_cell_among_constant_ones_carries_the_fit_alone():
    """Weighting stays on, constant cells have error 0 and are skipped (SPEC 12, Q23)."""
    ref, sci = noiseless()
    ref["image"][:10, :10] += np.random.default_rng(0).normal(size=(10, 10)).astype(np.float32)
    options = {"bin_size": 10, "order": 1, **POLYNOMIAL}
    result = bgviewer.match_backgrounds(
        masked_image(ref), masked_image(sci), bgviewer.MatchConfig(**options)
    )
    assert result.used_weighting is True
    told = {a.kind: a for a in result.adjustments}
    assert (told["cells_skipped"].asked, told["cells_skipped"].used) == (24, 1)
    assert "ill_conditioned" in told


@pytest.mark.parametrize("statistic", ["MEAN", "MEDIAN", "MEANCLIP"])
def test_no_overlap_with_splines_is_an_error(statistic):
    """The original returns NaN without a word (SPEC 12, Q6: show as failed match)."""
    ref, sci = disjoint()
    config = bgviewer.MatchConfig(bin_size=8, grid_statistic=statistic)
    with pytest.raises(bgviewer.NoOverlapError, match="no pixel is good in both"):
        bgviewer.match_backgrounds(masked_image(ref), masked_image(sci), config)


def test_no_overlap_with_polynomials_is_an_error():
    for style in ("THROW_EXCEPTION", "REDUCE_INTERP_ORDER", "INCREASE_NXNYSAMPLE"):
        options = {"bin_size": 8, "order": 1, "undersample_style": style, **POLYNOMIAL}
        with pytest.raises(NoOverlapError, match="overlap"):
            bgviewer.match_backgrounds(
                *(masked_image(p) for p in disjoint()), bgviewer.MatchConfig(**options)
            )


def test_config_error_points_at_the_field():
    ref, sci = flat()
    config = bgviewer.MatchConfig(use_polynomial=True, order=4, bin_size=10)
    with pytest.raises(ConfigError) as caught:
        bgviewer.match_backgrounds(masked_image(ref), masked_image(sci), config)
    assert (caught.value.field, caught.value.value) == ("order", 4)
    assert caught.value.remedies


def test_increase_that_would_need_bins_below_a_pixel():
    """q = (g * binSize) // (order + 1) = 0 (SPEC 6 step 5)."""
    ref, sci = flat((12, 12))
    ref["image"][1:] = np.nan
    ref["image"][0, 2:] = np.nan
    options = {"bin_size": 2, "order": 5, **POLYNOMIAL, **INCREASE}
    with pytest.raises(UndersampledError, match=r"order = 5\b.*binSize = 2\b"):
        bgviewer.match_backgrounds(
            masked_image(ref), masked_image(sci), bgviewer.MatchConfig(**options)
        )


def test_failure_leaves_the_callers_arrays_alone():
    ref, sci = cover(pair(1)[0], "half"), pair(1)[1]
    before = [{k: v.copy() for k, v in p.items()} for p in (ref, sci)]
    with pytest.raises(UndersampledError):
        bgviewer.match_backgrounds(
            masked_image(ref), masked_image(sci), bgviewer.MatchConfig(bin_size=5, **THROW)
        )
    for planes, saved in zip((ref, sci), before, strict=True):
        for name, array in planes.items():
            np.testing.assert_array_equal(array, saved[name])
