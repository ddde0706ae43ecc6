"""The acceptance limits in settings and session files."""

from __future__ import annotations

import pytest

from bgviewer.engine.acceptance import LIMITS, AcceptanceLimits
from bgviewer.engine.config import MatchConfig
from bgviewer.engine.plan import StackPlan
from bgviewer.errors import ConfigError
from bgviewer.io.config_file import dump_any, read_any
from bgviewer.io.session_file import SavedSession, read_session, write_session
from bgviewer.io.settings import dump_config, load_settings

LIMITED = StackPlan(acceptance=AcceptanceLimits(1.5, 0.25))


def test_they_come_back_from_settings_and_sessions(tmp_path):
    path = tmp_path / "c.toml"
    text = dump_config(MatchConfig(), None, LIMITED)
    path.write_text(text)
    assert load_settings(path)[2] == LIMITED
    assert "[acceptance]" in text and "maxMatchResidualRatio = 1.5" in text
    for limit in LIMITS.values():
        assert limit.help[:40] in text
    (tmp_path / "a.fits").touch()
    session = tmp_path / "s.bgv.toml"
    write_session(session, SavedSession((tmp_path / "a.fits",), MatchConfig(), LIMITED))
    assert read_session(session).saved.plan == LIMITED
    assert read_any(session)[2] == LIMITED


def test_files_without_them_have_the_usual_ones(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("binSize = 64\n")
    assert load_settings(path)[2].acceptance == AcceptanceLimits()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("acceptance = 3", "must be a table: [acceptance]"),
        ("[acceptance]\nmaxMatchResidualRatio = 0", "maxMatchResidualRatio = 0: must be a number"),
        ("[acceptance]\nmaxMatchResidualRMS = 'a'", "maxMatchResidualRMS = 'a': must be"),
        ("[acceptance]\nmaxMatchResidual = 1", "Did you mean maxMatchResidual"),
        ("[acceptance]\nzzz = 1", "Known: maxMatchResidualRatio, maxMatchResidualRMS"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, says):
    path = tmp_path / "c.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    assert says in str(caught.value) and str(path) in str(caught.value)


def test_lsst_has_no_place_for_them():
    text, losses = dump_any(MatchConfig(), None, LIMITED, format="lsst")
    assert "Residual" not in text and "acceptance limits" in losses[-1]


def test_they_hold_for_the_next_stack_too():
    plan = StackPlan(frozenset({"a"}), acceptance=AcceptanceLimits(2.0, 2.0))
    assert plan.without_exposures() == StackPlan(acceptance=AcceptanceLimits(2.0, 2.0))
    assert LIMITED.limited and not LIMITED.is_empty and not StackPlan().limited
