"""The command line gives the settings back."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from bgviewer.cli.arguments import build_parser
from bgviewer.cli.settings import gather_settings
from bgviewer.engine.config import MatchConfig
from bgviewer.tasks.command_line import match_command

CONFIGS = [
    MatchConfig(),
    MatchConfig(bin_size=33, use_polynomial=False, bad_mask_planes=("A b", "C'd")),
    MatchConfig(bad_mask_planes=(), grid_stdev_epsilon=1.25e-7, corrected_increase=True),
    MatchConfig(best_ref_weight_coverage=0.1 + 0.2, interp_style="LINEAR"),
]


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("zero_point", ["auto", "none", -2.5])
def test_the_line_reads_back(config, zero_point):
    paths = [Path("/a b/c'd.fits"), Path("/x/$HOME.fits")]
    line = match_command(paths, Path("/o p"), config, reference="c'd", zero_point=zero_point)
    words = shlex.split(line)
    assert words[:2] == ["bgviewer", "match"]
    parsed = build_parser("match").parse_args(words[2:])
    assert [Path(p) for p in parsed.paths] == paths and parsed.output == "/o p"
    settings = gather_settings(parsed)
    assert settings.config == config
    assert (settings.reference, settings.zero_point) == ("c'd", zero_point)


def test_defaults_need_no_words():
    assert match_command([Path("/a.fits")], Path("/o"), MatchConfig()) == (
        "bgviewer match /a.fits -o /o"
    )
