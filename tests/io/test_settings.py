"""TOML and key=value."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given

from bgviewer.engine.config import OPTIONS, MatchConfig
from bgviewer.engine.plan import StackPlan
from bgviewer.errors import ConfigError
from bgviewer.io.settings import dump_config, load_config, load_settings, parse_assignment
from tests.io.test_provenance import values


@given(config=values())
def test_any_configuration_comes_back(tmp_path_factory, config):
    path = tmp_path_factory.mktemp("c") / "c.toml"
    path.write_text(dump_config(config), encoding="utf-8")
    assert load_config(path) == (config, {"reference": "auto", "zeroPoint": "auto"})


@pytest.mark.parametrize(
    "extra", [{"reference": "visit_1", "zeroPoint": 27.0}, {"reference": "a", "zeroPoint": "none"}]
)
def test_extras_come_back(tmp_path, extra):
    path = tmp_path / "c.toml"
    path.write_text(dump_config(MatchConfig(), extra))
    assert load_config(path) == (MatchConfig(), extra)


def test_every_option_is_there_with_its_help():
    text = dump_config(MatchConfig())
    document = tomllib.loads(text)
    assert list(document) == [opt.lsst_name for opt in OPTIONS.values()] + ["stack", "acceptance"]
    comments = " ".join(line[1:].strip() for line in text.splitlines() if line.startswith("#"))
    for opt in OPTIONS.values():
        assert opt.help in comments
        assert opt.allowed[1:] in comments


def test_what_is_not_named_has_its_default(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("binSize = 64\n")
    assert load_config(path) == (MatchConfig(bin_size=64), {})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("binsize = 3", "Did you mean binSize?"),
        ("binSize = 0", "binSize = 0: must be a whole number from 1"),
        ("binSize = 2.5", "must be a whole number"),
        ("interpStyle = 'NONE'", "choose one of"),
        ("binSize = ", "not valid TOML"),
        ("[stack]\nrefrence = 'a'", "Did you mean reference?"),
        ("[stack]\nreference = 3", "must be a name"),
        ("[stack]\nzeroPoint = 'x'", "zeroPoint"),
        ("stack = 3", "must be a table"),
        ("[match]\nbinSize = 3", "unknown option 'match'"),
    ],
)
def test_mistakes_name_file_and_remedy(tmp_path, text, says):
    path = tmp_path / "my.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert says in str(caught.value)


def test_unreadable_files(tmp_path):
    with pytest.raises(ConfigError, match="cannot be opened"):
        load_config(tmp_path / "none.toml")
    path = tmp_path / "b.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not a text file"):
        load_config(path)
    with pytest.raises(ConfigError, match="unknown option"):
        dump_config(MatchConfig(), {"zero": 1})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("binSize=128", ("binSize", 128)),
        (" order = 3 ", ("order", 3)),
        ("usePolynomial=TRUE", ("usePolynomial", True)),
        ("usePolynomial=off", ("usePolynomial", False)),
        ("gridStdevEpsilon=1e-6", ("gridStdevEpsilon", 1e-6)),
        ("bestRefWeightLevel=1", ("bestRefWeightLevel", 1.0)),
        ("interpStyle=linear", ("interpStyle", "LINEAR")),
        ("badMaskPlanes=BAD, SAT,,BAD", ("badMaskPlanes", ("BAD", "SAT"))),
        ("badMaskPlanes=", ("badMaskPlanes", ())),
    ],
)
def test_assignments(text, expected):
    assert parse_assignment(text) == expected
    MatchConfig.from_lsst(dict([expected]))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("binSize", "key=value"),
        ("=3", "key=value"),
        ("binSiz=3", "Did you mean binSize?"),
        ("binSize=0", "from 1"),
        ("binSize=1e3", "whole number"),
        ("order=-1", "from 0"),
        ("gridStdevEpsilon=nan", "a number"),
        ("bestRefWeightLevel=2", "from 0 to 1"),
        ("usePolynomial=maybe", "true or false"),
        ("gridStatistic=MEEN", "Did you mean MEAN?"),
    ],
)
def test_bad_assignments(text, says):
    with pytest.raises(ConfigError) as caught:
        parse_assignment(text)
    assert says in str(caught.value)


@pytest.mark.parametrize("ignored", [False, True])
def test_whether_a_sweep_ignores_what_is_masked_comes_back(tmp_path, ignored):
    path = tmp_path / "settings.toml"
    path.write_text(dump_config(MatchConfig(), plan=StackPlan(ignore_masked=ignored)))
    assert load_settings(path)[2].ignore_masked is ignored
    path.write_text("[stack]\nignoreMasked = 1\n")
    with pytest.raises(ConfigError, match=r"ignoreMasked = 1: must be true or false"):
        load_settings(path)
