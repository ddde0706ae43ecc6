"""MatchConfig: fields, names, ranges, hints and remedies (SPEC section 10)."""

import dataclasses
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bgviewer
from bgviewer.engine.config import OPTIONS
from bgviewer.errors import ConfigError

from . import twin
from .adapters import masked_image
from .stage import STATISTICS, STYLES, UNDERSAMPLE, plane_pair

MatchConfig = bgviewer.MatchConfig
CORRECTIONS = {"inverseVarianceWeighting", "correctedIncrease", "levelAboveMinimum"}
SMOOTH = {"penalisedSpline", "smoothingLength", "penaltyOrder", "cellCentroids"}


def snake(lsst_name):
    return re.sub(r"(?=[A-Z])", "_", lsst_name).lower()


def test_defaults_are_those_of_the_specification():
    """SPEC's table, as the twin carries it: 14 fields."""
    assert len(twin.DEFAULTS) == 14
    for name, value in twin.DEFAULTS.items():
        got = getattr(MatchConfig(), snake(name))
        assert got == (tuple(value) if isinstance(value, list) else value)
        assert type(got) is (tuple if isinstance(value, list) else type(value))
    assert MatchConfig().to_lsst() == twin.DEFAULTS


def test_names_are_lsst_names_in_snake_case():
    names = {o.lsst_name: o.name for o in OPTIONS.values()}
    assert names == {lsst: snake(lsst) for lsst in {*twin.DEFAULTS, *CORRECTIONS, *SMOOTH}}
    assert [f.name for f in dataclasses.fields(MatchConfig)] == list(OPTIONS)
    assert {o.lsst_name for o in OPTIONS.values() if not o.lsst} == CORRECTIONS | SMOOTH


def test_corrections_are_off_and_explained():
    for option in OPTIONS.values():
        assert len(option.help.split()) > 8
        assert len(option.example.split()) > 4
        if not option.lsst and option.kind == "bool":
            assert option.default is False


def test_the_p_spline_takes_precedence():
    assert MatchConfig().model_kind == "spline"
    assert MatchConfig(use_polynomial=True).model_kind == "chebyshev"
    smooth = MatchConfig(use_polynomial=True, order=60, penalised_spline=True)
    assert smooth.model_kind == "smooth"
    assert smooth.problem((100, 100)) is None


def test_header_cards_are_distinct_keywords():
    cards = [o.card for o in OPTIONS.values()]
    assert len(set(cards)) == len(cards)
    assert all(re.fullmatch(r"[A-Z0-9_-]{1,8}", c) for c in cards)


CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "usePolynomial": st.booleans(),
        "order": st.integers(0, 20),
        "badMaskPlanes": st.lists(st.sampled_from(["SAT", "BAD", "MINE"]), unique=True),
        "gridStatistic": st.sampled_from(STATISTICS),
        "undersampleStyle": st.sampled_from(UNDERSAMPLE),
        "binSize": st.integers(1, 10**6),
        "interpStyle": st.sampled_from(STYLES),
        "numSigmaClip": st.integers(1, 10),
        "numIter": st.integers(1, 10),
        "bestRefWeightCoverage": st.floats(0, 1),
        "bestRefWeightVariance": st.floats(0, 1),
        "bestRefWeightLevel": st.floats(0, 1),
        "approxWeighting": st.booleans(),
        "gridStdevEpsilon": st.floats(0, 10),
        "penalisedSpline": st.booleans(),
        "smoothingLength": st.floats(0, 1e5),
        "penaltyOrder": st.integers(2, 3),
        "cellCentroids": st.booleans(),
        **{name: st.booleans() for name in CORRECTIONS},
    },
)


@settings(max_examples=60)
@given(CONFIGS)
def test_round_trip_through_lsst_names(values):
    config = MatchConfig.from_lsst(values)
    for name, value in values.items():
        got = getattr(config, snake(name))
        assert (list(got) if isinstance(value, list) else got) == value
    assert MatchConfig.from_lsst(config.to_lsst()) == config
    assert set(config.to_lsst()) >= set(twin.DEFAULTS)
    assert hash(config) == hash(MatchConfig.from_lsst(config.to_lsst()))


BAD_VALUES = [
    ("binSize", 0),
    ("binSize", -5),
    ("binSize", 12.5),
    ("binSize", True),
    ("binSize", "128"),
    ("binSize", None),
    ("order", -1),
    ("order", True),
    ("order", 2.0),
    ("numSigmaClip", 0),
    ("numSigmaClip", -1),
    ("numIter", 0),
    ("numIter", True),
    ("usePolynomial", 1),
    ("usePolynomial", "true"),
    ("approxWeighting", 0),
    ("gridStatistic", "mean"),
    ("gridStatistic", "MODE"),
    ("gridStatistic", None),
    ("undersampleStyle", "REDUCE"),
    ("interpStyle", "NONE"),
    ("interpStyle", "AKIMA"),
    ("interpStyle", 3),
    ("bestRefWeightCoverage", 1.01),
    ("bestRefWeightVariance", -0.1),
    ("bestRefWeightLevel", float("nan")),
    ("bestRefWeightLevel", float("inf")),
    ("bestRefWeightLevel", True),
    ("bestRefWeightLevel", "0.2"),
    ("gridStdevEpsilon", -1e-9),
    ("gridStdevEpsilon", float("inf")),
    ("smoothingLength", -1.0),
    ("smoothingLength", float("nan")),
    ("penaltyOrder", 1),
    ("penaltyOrder", 4),
    ("badMaskPlanes", "SAT"),
    ("badMaskPlanes", ["SAT", 3]),
    ("badMaskPlanes", [""]),
    ("badMaskPlanes", 5),
]


@pytest.mark.parametrize(("name", "value"), BAD_VALUES)
def test_bad_value_is_refused_by_name_and_value(name, value):
    for make in (
        lambda: MatchConfig.from_lsst({name: value}),
        lambda: MatchConfig(**{snake(name): value}),
        lambda: MatchConfig().replace(**{snake(name): value}),
    ):
        with pytest.raises(ConfigError) as caught:
            make()
        assert name in str(caught.value)
        assert repr(value) in str(caught.value)
        assert caught.value.field == snake(name)
        assert caught.value.value is value or caught.value.value == value
        assert caught.value.reason


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        ("binSize", np.int64(64), 64),
        ("order", np.uint8(3), 3),
        ("bestRefWeightLevel", 1, 1.0),
        ("bestRefWeightLevel", np.float32(0.5), 0.5),
        ("gridStdevEpsilon", 0, 0.0),
        ("usePolynomial", np.True_, True),
        ("badMaskPlanes", ("SAT", "BAD", "SAT"), ("SAT", "BAD")),
        ("badMaskPlanes", [], ()),
    ],
)
def test_numbers_of_other_libraries_become_plain_ones(name, value, stored):
    got = getattr(MatchConfig.from_lsst({name: value}), snake(name))
    assert got == stored
    assert type(got) is type(stored)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("binsize", "binSize"), ("bin_size", "binSize"), ("gridStat", "gridStatistic"),
     ("interpolationStyle", "interpStyle"), ("usePolinomial", "usePolynomial")],
)  # fmt: skip
def test_unknown_key_is_answered_with_the_nearest(wrong, right):
    with pytest.raises(ConfigError, match=rf"{wrong}.*{right}\?"):
        MatchConfig.from_lsst({wrong: 1})


def test_unknown_key_without_a_near_one_is_answered_with_all():
    with pytest.raises(ConfigError, match=r"zzzzzz.*binSize.*order|zzzzzz.*order.*binSize"):
        MatchConfig.from_lsst({"zzzzzz": 1})
    with pytest.raises(ConfigError, match=r"binsizes.*bin_size"):
        MatchConfig().replace(binsizes=1)


def test_word_nearly_right_is_answered_with_the_right_one():
    with pytest.raises(ConfigError, match=r"AKIMA_SPLINE\?"):
        MatchConfig(interp_style="akima_spline")


def test_config_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        MatchConfig().order = 3


# --- binSize and order against an image ---


@settings(max_examples=120)
@given(st.tuples(st.integers(1, 400), st.integers(1, 400)), st.integers(1, 450), st.integers(0, 12))
def test_problem_and_its_remedies(shape, size, order):
    """A problem exactly where SPEC 6 step 1 has one; every remedy mends it; both are the best."""
    config = MatchConfig(use_polynomial=True, bin_size=size, order=order)
    side = min(shape)
    wrong = side < size or order > -(-side // size) - 1
    problem = config.problem(shape)
    assert (problem is not None) == wrong
    assert config.replace(use_polynomial=False).problem(shape) is None
    if problem is None:
        return
    assert problem.field == ("bin_size" if side < size else "order")
    assert problem.value == getattr(config, problem.field)
    text = str(problem)
    assert str(problem.value) in text
    assert str(side) in text
    assert problem.remedies
    for remedy in problem.remedies:
        mended = config.replace(**dict(remedy.changes))
        assert mended.problem(shape) is None, remedy.text
        assert remedy.text
        (field, value), *more = remedy.changes
        if field in ("order", "bin_size") and not more and value < getattr(config, field):
            beyond = config.replace(**{field: value + 1})
            assert beyond.problem(shape) is not None, f"{remedy.text}: {value + 1} fits too"


def test_problem_of_the_default_order():
    """Switching the polynomial on where order 8 is beyond the bins offers both ways out."""
    problem = MatchConfig(use_polynomial=True).problem((1024, 2048))
    offers = {field: value for r in problem.remedies for field, value in r.changes}
    assert offers["order"] == 3
    assert offers["bin_size"] == 127  # ceil(1024 / 127) = 9, ceil(1024 / 128) = 8


@settings(max_examples=25)
@given(st.tuples(st.integers(4, 40), st.integers(4, 40)), st.integers(1, 45), st.integers(0, 8))
def test_remedies_let_the_match_go_on(shape, size, order):
    config = MatchConfig(use_polynomial=True, bin_size=size, order=order)
    problem = config.problem(shape)
    if problem is None:
        return
    images = [masked_image(p) for p in plane_pair(shape, 0.5, 0.25)]
    with pytest.raises(ConfigError) as caught:
        bgviewer.match_backgrounds(*images, config)
    assert str(caught.value) == str(problem)
    for remedy in problem.remedies:
        mended = config.replace(**dict(remedy.changes))
        if mended.bin_size > 1 or not mended.use_polynomial:  # bins of one pixel have no scatter
            bgviewer.match_backgrounds(*images, mended)
