"""Presets that come with the program."""

from __future__ import annotations

import numpy as np
import pytest

import bgviewer
from bgviewer.engine.config import OPTIONS, MatchConfig
from bgviewer.engine.synthetic import make_stack
from bgviewer.tasks.presets import BUILTIN, preset_of

WEIGHTS = {n for n in OPTIONS if n.startswith("best_ref_weight_")}


def named(name):
    return next(p for p in BUILTIN if p.name == name)


def test_their_names_are_these():
    assert [p.name for p in BUILTIN] == [
        "LSST default",
        "LSST modern defaults",
        "Fine",
        "Smooth",
        "Faint-light safe",
    ]


@pytest.mark.parametrize("preset", BUILTIN, ids=lambda p: p.name)
def test_each_sets_all_but_the_weights_and_says_what_for(preset):
    start = MatchConfig(
        best_ref_weight_level=0.9, order=1, corrected_increase=True, grid_stdev_epsilon=1.0
    )
    after = preset.apply(start)
    assert all(getattr(after, n) == getattr(start, n) for n in WEIGHTS)
    weightless = after.replace(best_ref_weight_level=MatchConfig().best_ref_weight_level)
    assert weightless == preset.apply(MatchConfig()), "the same wherever one comes from"
    assert preset.text.endswith(".") and len(preset.text) > 40


def test_lsst_default_is_the_default():
    start = MatchConfig(bin_size=7, inverse_variance_weighting=True, interp_style="LINEAR")
    assert named("LSST default").apply(start) == MatchConfig()


def test_lsst_modern_defaults_are_those_of_the_import(tmp_path):
    from bgviewer.io.lsst_config import load_lsst_config

    path = tmp_path / "config.py"
    path.write_text("config.tractBgModel.xBin = 128.0\nconfig.tractBgModel.yBin = 128.0\n")
    read = load_lsst_config(path)
    assert read.dialect == "modern"
    ours = named("LSST modern defaults").apply(MatchConfig())
    for name in ("bin_size", "grid_statistic", "num_iter", "num_sigma_clip", "interp_style"):
        assert getattr(ours, name) == getattr(read.config, name), name
    # FORMATS section 3; a file that names no planes leaves ours as they are.
    assert set(ours.bad_mask_planes) == {"BAD", "SAT", "EDGE", "NO_DATA"}


def rough(model):
    """How much of a model's scatter is not a plane."""
    y, x = np.mgrid[: model.shape[0], : model.shape[1]]
    terms = np.stack([np.ones(model.size), x.ravel(), y.ravel()], axis=1)
    left = model.ravel() - terms @ np.linalg.lstsq(terms, model.ravel(), rcond=None)[0]
    return left.std()


def test_fine_bends_more_than_smooth_and_faint_light_safe_not_at_all():
    reference, science = make_stack().exposures[:2]
    bends = {
        name: rough(
            bgviewer.match_backgrounds(
                reference, science, named(name).apply(MatchConfig()).replace(bin_size=size)
            ).model.render()
        )
        for name, size in (("Fine", 64), ("Smooth", 64), ("Faint-light safe", 64))
    }
    assert bends["Fine"] > bends["Smooth"] > bends["Faint-light safe"]
    assert bends["Faint-light safe"] < 1e-3


def test_own_ones_hold_all_but_the_weights():
    config = MatchConfig(bin_size=99, best_ref_weight_level=0.9, corrected_increase=True)
    preset = preset_of(" mine ", config)
    assert preset.name == "mine"
    assert not WEIGHTS & set(preset.changes)
    assert preset.apply(MatchConfig(best_ref_weight_level=0.9)) == config
