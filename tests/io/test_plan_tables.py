"""A plan in TOML, and a stack that ignores regions."""

from __future__ import annotations

import string

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from bgviewer.engine.acceptance import AcceptanceLimits
from bgviewer.engine.config import OPTIONS, MatchConfig
from bgviewer.engine.exposure import IGNORED_PLANE, MaskedImage
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.ranking import measure_exposure
from bgviewer.engine.regions import Region
from bgviewer.errors import ConfigError
from bgviewer.io.settings import dump_config, load_config, load_settings
from bgviewer.io.stack import ExposureStack, load_stack
from tests.stacks import write_small_stack

number = st.floats(-1e6, 1e6, allow_nan=False)
length = st.floats(1e-3, 1e6)
name = st.text(string.ascii_letters + string.digits + ' ._-"\\é[]', min_size=1).filter(str.strip)
regions = st.builds(
    Region,
    st.sampled_from(["box", "ellipse"]),
    st.tuples(number, number, length, length, number),
    st.none() | name,
    st.text(string.printable, max_size=20),
)
own = st.fixed_dictionaries(
    {},
    optional={
        "bin_size": st.integers(1, 4000),
        "order": st.integers(0, 9),
        "use_polynomial": st.booleans(),
        "grid_statistic": st.sampled_from(OPTIONS["grid_statistic"].choices),
        "bad_mask_planes": st.lists(st.sampled_from("ABC"), unique=True).map(tuple),
    },
)
plans = st.builds(
    StackPlan,
    st.frozensets(name, max_size=3),
    st.lists(regions, max_size=3).map(tuple),
    st.dictionaries(name, own.filter(bool), max_size=3),
    st.builds(AcceptanceLimits, st.floats(1e-3, 1e6), st.floats(1e-3, 1e6)),
)


@given(plan=plans)
def test_any_plan_comes_back(tmp_path_factory, plan):
    path = tmp_path_factory.mktemp("c") / "c.toml"
    extra = {"reference": "a", "zeroPoint": 27.5}
    path.write_text(dump_config(MatchConfig(bin_size=77), extra, plan), encoding="utf-8")
    assert load_settings(path) == (MatchConfig(bin_size=77), extra, plan)
    assert load_config(path) == (MatchConfig(bin_size=77), extra)


def test_old_files_have_an_empty_plan(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('binSize = 64\n[stack]\nreference = "a"\n')
    assert load_settings(path) == (MatchConfig(bin_size=64), {"reference": "a"}, StackPlan())


def test_polygons_and_whole_numbers_are_read(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('[[regions]]\nshape = "polygon"\nnumbers = [0, 0, 4, 0, 4.5, 3]\n')
    _, _, plan = load_settings(path)
    assert plan.regions == (Region("polygon", (0, 0, 4, 0, 4.5, 3)),)


BOX = '[[regions]]\nshape = "box"\nnumbers = [1, 1, 2, 2, 0]\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[stack]\nexcluded = 3", r"\[stack\] excluded = 3"),
        ("[stack]\nexcluded = [3]", r"\[stack\] excluded"),
        ("[stack]\nexclude = []", "Did you mean excluded"),
        ("regions = 3", r"\[\[regions\]\]"),
        ("[regions]\nshape = 'box'", r"\[\[regions\]\]"),
        (BOX + "[[regions]]\nshape = 'circle'\nnumbers = [1]", r"number 2: shape: .*circle"),
        (BOX + "[[regions]]\nshape = 'box'\nnumbers = [1]", r"number 2: numbers: "),
        (BOX + "[[regions]]\nshape = 'box'\nnumbers = ['1']", r"number 2: numbers = "),
        (BOX + "[[regions]]\nshape = 'box'\nnumbers = [true]", r"number 2: numbers = "),
        (BOX + "[[regions]]\nnumbers = [1]", r"number 2: shape is lacking"),
        (BOX + "[[regions]]\nshape = 3\nnumbers = [1]", r"number 2: shape = 3"),
        (BOX + "name = 'x'", r"number 1: unknown key 'name'"),
        (BOX + "exposure = 4", r"number 1: exposure = 4"),
        ('[exposures."v 1"]\nbinSize = -3', r'\[exposures."v 1"\]: binSize = -3'),
        ('[exposures."v 1"]\nbinSizes = 3', r'\[exposures."v 1"\]: .*binSize'),
        ("[exposures.v]\nbestRefWeightLevel = 0.1", r'\[exposures."v"\]: bestRefWeightLevel'),
        ("[exposures]\nv = 3", r'\[exposures."v"\]'),
        ("exposures = 3", r"exposures must hold tables"),
    ],
)
def test_errors_name_file_table_and_key(tmp_path, text, says):
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says) as caught:
        load_settings(path)
    assert str(path) in str(caught.value)


# ---------------------------------------------------------------- the stack

HOLE = Region("box", (4050, 8040, 20, 10, 0))  # the stack lies at (4000, 8000)
OWN_HOLE = Region("ellipse", (4100, 8080, 9, 6, 20), exposure="demo_02")


@pytest.fixture
def stack(tmp_path):
    write_small_stack(tmp_path / "stack")
    return load_stack(tmp_path / "stack")


def test_a_stack_ignores_the_regions_of_each_exposure(stack):
    other = stack.with_regions([HOLE, OWN_HOLE])
    assert other.entries is stack.entries and other.notes is stack.notes
    assert (other.regions_of(0), other.regions_of(1)) == ((HOLE,), (HOLE, OWN_HOLE))
    first, second = other.read(0), other.read(1)
    assert 0 < first.plane_counts()[IGNORED_PLANE] < second.plane_counts()[IGNORED_PLANE]
    raw = stack.read(0)
    assert np.shares_memory(raw.image, first.image)  # the memory of pixels is shared
    assert IGNORED_PLANE not in raw.planes and IGNORED_PLANE not in other.planes
    assert IGNORED_PLANE not in other.with_regions(()).read(0).planes


def test_measuring_leaves_them_out_with_and_without_memory(stack):
    config = MatchConfig()
    other = stack.with_regions([OWN_HOLE])
    assert other.measure(0, config) == stack.measure(0, config)
    expected = measure_exposure(other.read(1), config, threads=1)
    assert other.measure(1, config) == expected
    inside = other.read(1).plane_counts()[IGNORED_PLANE]
    assert stack.measure(1, config).coverage - inside <= expected.coverage
    assert expected.coverage < stack.measure(1, config).coverage


def test_positions_are_those_of_the_parent_grid():
    image = MaskedImage(np.ones((10, 12)), xy0=(1000, 50))
    stack = ExposureStack.of([image]).with_regions([Region("box", (1003, 52, 1, 1, 0))])
    assert np.argwhere(stack.read(0).flagged(())).tolist() == [[2, 3]]


def test_what_is_scaled_is_ignored_too(stack):
    found = stack.with_regions([HOLE]).read(1, scale=2.0)
    assert found.plane_counts()[IGNORED_PLANE] > 0
    np.testing.assert_array_equal(found.image, stack.read(1).image * np.float32(2))


def test_a_plane_of_that_name_in_a_file_counts_alike_in_both_ways(tmp_path):
    path = tmp_path / "a.fits"
    header = fits.Header({"EXTNAME": "MASK", "MP_BAD": 0})
    header["HIERARCH MP_IGNORED"] = 1
    mask = np.zeros((30, 40), np.int32)
    mask[:5] = 2
    image = fits.ImageHDU(np.ones((30, 40), np.float32), name="IMAGE")
    fits.HDUList([fits.PrimaryHDU(), image, fits.ImageHDU(mask, header)]).writeto(path)
    stack = load_stack(path)
    measured = stack.measure(0, MatchConfig())
    assert measured.coverage == 25 * 40
    assert measure_exposure(stack.read(0), MatchConfig()) == measured
