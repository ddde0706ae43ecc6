"""Exposures of one grid but of different extent: matched on the overlap, exported whole."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bgviewer import GridError, MatchConfig, load_stack, match_stack
from bgviewer.engine.extent import Extent
from bgviewer.engine.sweeping import SweepSpace
from bgviewer.io.background_list import read_background_list
from bgviewer.tasks.coadd import CoaddRequest, Member, coadd
from bgviewer.tasks.consistency import ConsistencyRequest, check_consistency
from bgviewer.tasks.export import ExportRequest, export
from bgviewer.tasks.match import match_pair
from bgviewer.tasks.show import ShowRequest, show
from bgviewer.tasks.sweep import SweepRequest, sweep_stack
from tests.extents import NX, NY, WHOLE, scene, sky, write_part
from tests.io.background_list_twin import image_of
from tests.io.test_write import fitsverify

CONFIG = MatchConfig(bin_size=16, interp_style="LINEAR")
PLANE = MatchConfig(bin_size=16, use_polynomial=True, order=1, approx_weighting=False)
PART = (16, 112, 0, 80)  # columns, rows: whole bins of 16
LATE = (48, NX, 32, NY)


@pytest.fixture(params=["xy0", "wcs"])
def stack(tmp_path, request):
    """A whole reference, a part of the field, and one that begins later."""
    place = {"xy0": (4000, 8000), "wcs": None}[request.param]
    plain = request.param == "wcs"
    for k, (name, part) in enumerate((("a", WHOLE), ("b", PART), ("c", LATE))):
        write_part(tmp_path / "in" / f"{name}.fits", k, part, xy0=place, plain=plain)
    return load_stack([tmp_path / "in"])


def true_model(k: int, part: tuple[int, int, int, int]) -> np.ndarray:
    x0, x1, y0, y1 = part
    y, x = np.mgrid[y0:y1, x0:x1].astype(float)
    return sky(0, y, x) - sky(k, y, x)


def test_all_are_usable_and_placed(stack):
    assert stack.usable == (0, 1, 2) and stack.is_mixed
    x, y = stack.xy0
    assert stack.grid_extent(1) == Extent(x + 16, y, 96, 80)
    assert stack.grid_extent(2) == Extent(x + 48, y + 32, 80, 64)
    assert stack.frame == Extent(x, y, NX, NY)
    assert stack.read(2).xy0 == (x + 48, y + 32)
    assert any("3 different extents" in note for note in stack.notes)


@pytest.mark.parametrize("config", [CONFIG, PLANE])
def test_a_part_of_whole_bins_is_the_closed_form(stack, config):
    """Cells of the overlap lie where those of the part lie: nothing else is in the numbers."""
    result = match_pair(stack, 0, 1, config)
    assert result.difference.shape == (80, 96)
    np.testing.assert_allclose(result.model.render(), true_model(1, PART), atol=2e-4)
    assert result.matched_mse < 1e-7
    # each bin holds the plane's mean, which is its value at the bin's true centre
    x, y = (np.asarray(v) for v in (result.bins.x, result.bins.y))
    x0, y0 = stack.xy0
    np.testing.assert_allclose(
        result.bins.values,
        sky(0, y - y0 - 0.5, x - x0 - 0.5) - sky(1, y - y0 - 0.5, x - x0 - 0.5),
        atol=1e-5,
    )


def test_the_pair_is_symmetric(stack):
    there, back = match_pair(stack, 1, 2, CONFIG), match_pair(stack, 2, 1, CONFIG)
    np.testing.assert_array_equal(there.difference.values, -back.difference.values)
    assert there.difference.shape == (48, 64)


def test_what_was_cut_is_said(stack):
    outcomes = match_stack(stack, CONFIG, reference=1)
    kinds = [[a.kind for a in o.adjustments] for o in outcomes]
    assert kinds[1] == [] and "extrapolated" in kinds[0] and "extrapolated" in kinds[2]
    inside = 1 - 96 * 80 / (NX * NY)
    text = next(a.text for a in outcomes[0].adjustments if a.kind == "extrapolated")
    assert "96 × 80 pixels" in text and f"{100 * inside:.3g} %" in text
    smaller = match_stack(stack, CONFIG, reference=0)[1]
    assert [a.kind for a in smaller.adjustments] == ["reference_cut"]


@pytest.mark.parametrize("config", [CONFIG, PLANE])
@pytest.mark.parametrize("reference", [0, 1])
def test_exports_have_their_own_extent(stack, tmp_path, config, reference):
    parts = (WHOLE, PART, LATE)
    request = ExportRequest(stack, config, reference, tmp_path / "out", background_list="add")
    report = export(request)
    assert report.n_matched == 2
    for outcome, part in zip(report.outcomes, parts, strict=True):
        number = 0 if stack[0].info.convention == "plain" else 1
        before, after = fits.open(outcome.path), fits.open(outcome.output)
        with before, after:
            assert after[number].data.shape == before[number].data.shape
            if outcome.status == "reference":
                np.testing.assert_array_equal(after[number].data, before[number].data)
                continue
            # a plane goes on as a plane, so outside the overlap too the truth is met
            x0, x1, y0, y1 = part
            y, x = np.mgrid[y0:y1, x0:x1].astype(float)
            wanted = scene()[y0:y1, x0:x1] + sky(reference, y, x)
            np.testing.assert_allclose(after[number].data, wanted, atol=2e-3)
            with fits.open(outcome.background_output) as model:
                assert model[0].data.shape == before[number].data.shape
                assert model[0].header["CRPIX1"] == before[number].header["CRPIX1"]
            told = next(h.header for h in after if "BGVVERS" in h.header)
            cards = [str(v) for k, v in told.items() if k.startswith("BGVADJ")]
            assert any(v.startswith(("extrapolated", "reference_cut")) for v in cards)
        for written in (outcome.output, outcome.background_output, outcome.background_list):
            assert fitsverify(written)[0] == 0
        listed = read_background_list(outcome.background_list)[0]
        x0, x1, y0, y1 = part
        assert listed.shape == (y1 - y0, x1 - x0)
        model = fits.getdata(outcome.background_output).astype(float)
        apart = np.abs(image_of(outcome.background_list) - model).max()
        assert apart == pytest.approx(outcome.background_list_difference, rel=0.05, abs=1e-4)
        assert apart < 1e-3 * np.abs(model).max()


def test_the_window_shows_the_overlap(stack):
    shown = show(ShowRequest(stack, 0, 2, CONFIG))
    assert shown.science.shape == shown.reference.shape == (64, 80)
    x, y = stack.xy0
    assert shown.result.difference.xy0 == (x + 48, y + 32)
    # in these coordinates the sky is where it was
    whole = stack.read(0)
    there = shown.reference.wcs.all_pix2world([[5.0, 6.0]], 0)
    np.testing.assert_allclose(there, whole.wcs.all_pix2world([[53.0, 38.0]], 0), rtol=1e-12)
    again = show(ShowRequest(stack, 0, 2, CONFIG.replace(interp_style="CONSTANT"), reuse=shown))
    assert [a.kind for a in again.result.adjustments] == ["reference_cut"]


def test_the_stack_hangs_together_and_closes(stack):
    found = check_consistency(ConsistencyRequest(stack, CONFIG, reference=0))
    graph = found.graph
    assert graph.overlap.own.tolist() == [NX * NY, 96 * 80, 80 * 64]
    assert graph.overlap.shared[1, 2] == 64 * 48
    assert found.closures[0].typical < 1e-3


def test_sweeps_try_the_overlap(stack):
    space = SweepSpace(bin_sizes=(16,), orders=(1,), interp_styles=())
    found = sweep_stack(SweepRequest(stack, 0, CONFIG, space))
    assert [e.status for e in found.exposures] == ["reference", "swept", "swept"]


def test_the_coadd_covers_all_and_has_no_seam(stack):
    outcomes = match_stack(stack, CONFIG, reference=0)
    members = [Member(0, "a")]
    members += [Member.matched(stack, 0, i, stack[i].name, outcomes[i].model) for i in (1, 2)]
    made = coadd(CoaddRequest(stack, tuple(members), side=256))
    assert made.after.shape == (NY, NX) and made.window.step == 1
    y, x = np.mgrid[:NY, :NX].astype(float)
    np.testing.assert_allclose(made.after, scene() + sky(0, y, x), atol=1e-3)
    x0, y0 = stack.xy0
    shown = show(ShowRequest(stack, 0, 2, CONFIG))
    part = made.over(True, shown.base.window, (x0 + 48, y0 + 32))
    np.testing.assert_array_equal(part, made.after[32:, 48:])


def test_no_common_pixel_fails_that_exposure_alone(tmp_path):
    write_part(tmp_path / "in" / "a.fits", 0, WHOLE)
    write_part(tmp_path / "in" / "b.fits", 1, (0, 40, 0, NY))
    write_part(tmp_path / "in" / "c.fits", 2, (60, NX, 0, NY))
    stack = load_stack([tmp_path / "in"])
    outcomes = match_stack(stack, CONFIG, reference="b")
    assert [o.status for o in outcomes] == ["matched", "reference", "failed"]
    assert "no overlap with the reference" in outcomes[2].reason


def test_equal_extents_are_read_as_ever(tmp_path):
    write_part(tmp_path / "in" / "a.fits", 0, WHOLE)
    write_part(tmp_path / "in" / "b.fits", 1, WHOLE)
    stack = load_stack([tmp_path / "in"])
    assert not stack.is_mixed and [e.place for e in stack.entries] == [None, None]
    pair = stack.read(0), stack.read(1)
    assert stack.common_part(*pair) == pair
    assert match_pair(stack, 0, 1, CONFIG).adjustments == ()


def test_xy0_against_the_sky_is_refused(tmp_path):
    write_part(tmp_path / "in" / "a.fits", 0, WHOLE)
    write_part(tmp_path / "in" / "b.fits", 1, WHOLE)
    wrong = write_part(tmp_path / "in" / "c.fits", 2, PART)
    with fits.open(wrong, mode="update") as hdus:
        for hdu in hdus[1:]:
            hdu.header["CRPIX1"] += 0.2
    stack = load_stack([tmp_path / "in"])
    assert stack.usable == (0, 1)
    assert isinstance(stack[2].problem, GridError)
    assert "pixels off" in str(stack[2].problem) and "96 x 80" in str(stack[2].problem)


def test_one_that_is_far_away_is_left_out(tmp_path):
    """No memory is taken for what lies between."""
    write_part(tmp_path / "in" / "a.fits", 0, WHOLE)
    write_part(tmp_path / "in" / "b.fits", 1, PART)
    write_part(
        tmp_path / "in" / "c.fits",
        2,
        (10**7, 10**7 + 50, 10**7, 10**7 + 50),
        image=scene()[:50, :50],
    )
    stack = load_stack([tmp_path / "in"])
    assert stack.usable == (0, 1) and stack.frame.shape == (NY, NX)
    assert "shares no part" in str(stack[2].problem) and not stack.can_align


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 3), st.integers(0, 3), st.integers(4, 5), st.integers(3, 5))
def test_any_cut_at_bins_gives_the_same_cells(tmp_path_factory, i, j, wide, high):
    """Cells of a part that begins and ends at bins are those of the whole, left out elsewhere."""
    folder = tmp_path_factory.mktemp("cut")
    part = (16 * i, 16 * (i + wide), 16 * j, min(NY, 16 * (j + high)))
    write_part(folder / "a.fits", 0, WHOLE)
    write_part(folder / "b.fits", 1, WHOLE)
    write_part(folder / "c.fits", 1, part)
    stack = load_stack([folder])
    config = MatchConfig(bin_size=16)
    whole, cut = match_pair(stack, 0, 1, config), match_pair(stack, 0, 2, config)
    rows, columns = slice(j, part[3] // 16), slice(i, i + wide)
    np.testing.assert_array_equal(whole.cells.values[rows, columns], cut.cells.values)
    np.testing.assert_array_equal(whole.cells.x[columns], cut.cells.x)
    np.testing.assert_array_equal(whole.cells.y[rows], cut.cells.y)
