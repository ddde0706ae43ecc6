"""Source detection and alignment in settings files, sessions and header cards."""

from __future__ import annotations

import shlex
import tomllib
from pathlib import Path

import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from bgviewer.cli.arguments import build_parser
from bgviewer.cli.settings import gather_settings
from bgviewer.engine.config import MatchConfig
from bgviewer.engine.detection import Detection
from bgviewer.engine.plan import StackPlan
from bgviewer.errors import ConfigError
from bgviewer.io.config_file import read_any
from bgviewer.io.provenance import keywords, make_cards, raw_cards, read_cards
from bgviewer.io.session_file import SavedSession, read_session, write_session
from bgviewer.io.settings import dump_config, load_settings
from bgviewer.tasks.command_line import match_command

detections = st.builds(Detection, st.floats(0.5, 1000), st.integers(1, 100000), st.integers(0, 200))


@given(st.none() | detections, st.booleans())
def test_any_wish_comes_back_from_toml(tmp_path_factory, detection, align):
    path = tmp_path_factory.mktemp("toml") / "config.toml"
    plan = StackPlan(detection=detection)
    path.write_text(dump_config(MatchConfig(), {"align": align}, plan))
    config, extra, back = load_settings(path)
    assert config == MatchConfig() and back == plan
    assert extra.get("align", False) is align


def test_switched_off_it_is_explained_in_comments():
    text = dump_config(MatchConfig())
    assert "# [detection]" in text and "# detectSigma = 3.0" in text and "# align = true" in text
    assert "detection" not in tomllib.loads(text)
    begin = text.index("# [detection]")
    block = text[begin:].splitlines()[:4]
    switched_on = tomllib.loads("\n".join(line[2:] for line in block))
    assert switched_on == {"detection": {"detectSigma": 3.0, "detectMinArea": 5, "detectGrow": 4}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[detection]\ndetectSigme = 3", "Did you mean detectSigma"),
        ("[detection]\ndetectSigma = 0", "detectSigma = 0"),
        ("[detection]\ndetectGrow = 1.5", "detectGrow = 1.5"),
        ("detection = 3", r"must be a table: \[detection\]"),
        ("[stack]\nalign = 'yes'", "must be true or false"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, said):
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(ConfigError, match=said):
        load_settings(tmp_path / "c.toml")


@given(st.none() | detections, st.booleans())
def test_cards_keep_it(detection, aligned):
    cards = make_cards(MatchConfig(), detection=detection, aligned=aligned, version="1")
    header = fits.Header.fromstring(b"".join(raw_cards(cards)))
    record = read_cards(header)
    assert record["detection"] == detection and record["aligned"] is aligned
    ours = {name for name, _, _ in cards if name != "HISTORY"}
    assert ours <= keywords()


@pytest.mark.parametrize("align", [True, False])
def test_sessions_keep_it(tmp_path, align):
    (tmp_path / "a.fits").touch()
    plan = StackPlan(detection=Detection(sigma=7.5))
    saved = SavedSession((tmp_path / "a.fits",), MatchConfig(), plan, align=align)
    path = write_session(tmp_path / "night.bgv.toml", saved)
    back = read_session(path).saved
    assert (back.plan, back.align) == (plan, align)
    _, extra, plan_of_command, _ = read_any(path)
    assert extra.get("align", False) is align and plan_of_command == plan


@given(detections, st.booleans())
def test_the_copied_command_does_the_same(detection, align):
    pytest.importorskip("sep")
    line = match_command(
        [Path("/a.fits")], Path("/o"), MatchConfig(), detection=detection, align=align
    )
    settings = gather_settings(build_parser("match").parse_args(shlex.split(line)[2:]))
    assert settings.plan.detection == detection and settings.align is align
