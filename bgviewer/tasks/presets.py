"""Settings that are known to suit a purpose, and a person's own."""

from __future__ import annotations

from typing import Any

from bgviewer.engine.config import OPTIONS, MatchConfig
from bgviewer.io.presets import (
    Preset,
    delete_preset,
    list_presets,
    preset_folder,
    preset_path,
    save_preset,
)

__all__ = [
    "BUILTIN",
    "Preset",
    "delete_preset",
    "list_presets",
    "preset_folder",
    "preset_of",
    "preset_path",
    "save_preset",
]

_WEIGHTS = "best_ref_weight_"
"""The ranking is another question than the match: presets leave its weights alone."""


def _all_but_weights(config: MatchConfig) -> dict[str, Any]:
    return {name: getattr(config, name) for name in OPTIONS if not name.startswith(_WEIGHTS)}


def _builtin(name: str, text: str, **changes: Any) -> Preset:
    # Every option is named, so that a preset gives the same wherever one comes from.
    return Preset(name, text, _all_but_weights(MatchConfig(**changes)))


BUILTIN: tuple[Preset, ...] = (
    # SPEC section 10.
    _builtin(
        "LSST default",
        "The defaults of LSST's matchBackgrounds: an Akima spline through means of 256-pixel bins.",
    ),
    # FORMATS section 3: tractBgModel and MatchBackgroundsConfig of the present pipelines.
    _builtin(
        "LSST modern defaults",
        "As today's pipelines begin: clipped means of 128-pixel bins, sources not masked out.",
        bin_size=128,
        grid_statistic="MEANCLIP",
        num_iter=3,
        bad_mask_planes=("BAD", "SAT", "EDGE", "NO_DATA"),
    ),
    _builtin(
        "Fine",
        "For structure of about 100 pixels, such as scattered light: a spline through clipped "
        "means of 64-pixel bins.",
        bin_size=64,
        grid_statistic="MEANCLIP",
    ),
    # UX 2b.31: the lowest orders are advised for single frames.
    _builtin(
        "Smooth",
        "For plain gradients such as moonlight: a quadratic surface that follows nothing smaller.",
        use_polynomial=True,
        order=2,
    ),
    _builtin(
        "Faint-light safe",
        "Keeps faint extended light: only a tilted plane, through medians, is taken for sky.",
        use_polynomial=True,
        order=1,
        grid_statistic="MEDIAN",
    ),
)


def preset_of(name: str, config: MatchConfig) -> Preset:
    """Make a preset of all present settings but the weights of the ranking."""
    return Preset(name.strip(), "", _all_but_weights(config))
