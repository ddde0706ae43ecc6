"""Stacks of files and of exposures in memory."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits

import bgviewer.io.loading as loading_module
from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import Exposure, MaskedImage
from bgviewer.engine.ranking import measure_exposure
from bgviewer.errors import BgviewerError, ConfigError, GridError, ReadError, ShapeMismatchError
from bgviewer.io.assemble import Assembler
from bgviewer.io.conventions import Choice
from bgviewer.io.stack import ExposureStack, load_stack
from tests.io.conftest import NX, NY, pixels, wcs_header


def test_a_stack_of_files(make):
    for name in ("b.fits", "a.fits"):
        make.afw(name, seed=ord(name[0]))
    stack = load_stack(make.folder)
    assert [entry.name for entry in stack.entries] == ["a", "b"]
    assert (len(stack), stack.usable, stack.shape, stack.xy0) == (2, (0, 1), (NY, NX), (100, 200))
    assert stack[1].output_stem == "b"
    assert "CROSSTALK" in stack.planes
    np.testing.assert_array_equal(stack.read(1).image, pixels(ord("b")))
    assert stack.read(1).name == "b"
    assert stack.read(1) is stack.read(1)


def test_shapes_the_commonest_wins(make):
    make.plain("a.fits", data=np.zeros((5, 6), "f4"))
    make.plain("b.fits")
    make.plain("c.fits")
    stack = load_stack(make.folder)
    assert stack.usable == (1, 2)
    assert isinstance(stack[0].problem, ShapeMismatchError)
    assert "6 x 5 pixels" in str(stack[0].problem)
    with pytest.raises(ShapeMismatchError):
        stack.read(0)


def test_shapes_a_tie_goes_to_the_first(make):
    make.plain("a.fits", data=np.zeros((5, 6), "f4"))
    make.plain("b.fits")
    assert load_stack(make.folder).usable == (0,)


@pytest.mark.parametrize(("shift", "ok"), [(0.4, True), (0.6, False), (12.3, False)])
def test_grids_by_wcs(make, shift, ok):
    for name in ("a.fits", "b.fits"):
        make.plain(name, wcs=wcs_header())
    make.plain("c.fits", wcs=wcs_header(crpix=(8.0 + shift, 6.0)))
    stack = load_stack(make.folder)
    assert (2 in stack.usable) is ok
    if not ok:
        assert isinstance(stack[2].problem, GridError)
        assert f"{shift:g} pixels off" in str(stack[2].problem)


def test_an_offset_within_the_tolerance_is_reported_with_its_amount(make):
    for name in ("a.fits", "b.fits"):
        make.plain(name, wcs=wcs_header())
    make.plain("c.fits", wcs=wcs_header(crpix=(8.3, 6.0)))
    wide = wcs_header(crpix=((NX + 1) / 2, (NY + 1) / 2))
    for name in ("CD1_1", "CD2_2"):
        wide[name] *= 1 + 0.2 / np.hypot((NX - 1) / 2, (NY - 1) / 2)
    stack = load_stack(make.folder)
    assert stack[0].warnings == stack[1].warnings == ()
    (text,) = stack[2].warnings
    assert "by 0.30 pixels" in text
    for name in ("d.fits", "e.fits", "f.fits"):
        make.plain(name, wcs=wcs_header(crpix=((NX + 1) / 2, (NY + 1) / 2)))
    make.plain("g.fits", wcs=wide)
    stack = load_stack([make.folder / f"{name}.fits" for name in "defg"])
    (text,) = stack[3].warnings
    assert "0.00 pixels at the centre, up to 0.20 elsewhere" in text


def test_equal_numbers_of_fk4_and_fk5_are_no_stack(make):
    for name, frame, year in (("a", "FK5", 2000.0), ("b", "FK4", 1950.0), ("c", "FK5", 2000.0)):
        header = wcs_header()
        header["RADESYS"], header["EQUINOX"] = frame, year
        make.plain(f"{name}.fits", wcs=header)
    stack = load_stack(make.folder)
    assert stack.usable == (0, 2)
    assert isinstance(stack[1].problem, GridError)
    assert "the WCS is FK4 B1950, that of the others FK5 J2000" in str(stack[1].problem)


def test_grids_by_xy0(make):
    make.afw("a.fits")
    make.afw("b.fits")
    make.afw("c.fits", xy0=(103, 204))
    stack = load_stack(make.folder)
    assert stack.usable == (0, 1)
    assert "5 pixels off (XY0 (103, 204) is not (100, 200))" in str(stack[2].problem)


def test_the_commonest_grid_wins(make):
    make.plain("a.fits", wcs=wcs_header(crval=(10.0, 10.0)))
    make.plain("b.fits", wcs=wcs_header())
    make.plain("c.fits", wcs=wcs_header())
    assert load_stack(make.folder).usable == (1, 2)


def test_a_file_without_wcs_has_no_vote(make):
    make.plain("a.fits")
    make.plain("b.fits", wcs=wcs_header(crval=(10.0, 10.0)))
    make.plain("c.fits", wcs=wcs_header())
    make.plain("d.fits", wcs=wcs_header())
    assert load_stack(make.folder).usable == (0, 2, 3)


def test_missing_wcs_is_accepted_and_told(make):
    make.plain("a.fits", wcs=wcs_header())
    make.plain("b.fits")
    stack = load_stack(make.folder)
    assert stack.usable == (0, 1)
    assert any("1 of 2 exposures have no WCS" in note for note in stack.notes)


def test_bad_files_among_good_ones_are_rows(make, tmp_path):
    good = [make.plain("a.fits"), make.plain("b.fits")]
    text = tmp_path / "notes.txt"
    text.write_text("hello")
    empty = tmp_path / "empty"
    empty.mkdir()
    stack = load_stack([*good, text, tmp_path / "gone.fits", empty])
    assert stack.usable == (0, 1)
    assert [stack[i].problem.id for i in (2, 3, 4)] == ["E_NOT_FITS", "E_MISSING", "E_NO_FILES"]
    with pytest.raises(ReadError, match="not a FITS file"):
        stack.read(2)


def test_own_outputs_are_left_out_of_folders(make):
    make.plain("a.fits")
    make.plain("a_matched.fits", cards={"BGVVERS": "0.1"})
    stack = load_stack(make.folder)
    assert [entry.name for entry in stack.entries] == ["a"]
    assert any("1 file written by bgviewer" in note for note in stack.notes)


def test_only_own_outputs(make):
    make.plain("a_matched.fits", cards={"BGVVERS": "0.1"})
    with pytest.raises(ReadError) as caught:
        load_stack(make.folder)
    assert caught.value.id == "E_NO_FILES"


def test_own_exposures_are_taken_where_they_are_asked_for(make):
    for name, kind in (
        ("a_matched", "matched"),
        ("b_matched", "reference"),
        ("a_background", "background"),
        ("report", "report"),
    ):
        make.plain(f"{name}.fits", cards={"BGVVERS": "0.1", "BGVKIND": kind})
    stack = load_stack(make.folder, own_outputs=True)
    assert [entry.name for entry in stack.entries] == ["a_matched", "b_matched"]


def test_equal_names_and_duplicates(make):
    one, two = make.plain("n1/a.fits"), make.plain("n2/a.fits")
    link = make.folder / "link.fits"
    os.symlink(one, link)
    stack = load_stack([one, two, link])
    assert [entry.name for entry in stack.entries] == ["n1_a", "n2_a", "link"]
    assert stack[0].identity == stack[2].identity != stack[1].identity
    assert any("called a" in note for note in stack.notes)
    assert stack.read(2).name == "link"
    assert stack.read(0).name == "n1_a"
    assert np.shares_memory(stack.read(0).image, stack.read(2).image)


def zero_points(make, *values):
    for number, value in enumerate(values):
        make.plain(f"{number}.fits", cards={} if value is None else {"MAGZERO": value})
    return make.folder


def test_auto_scales_to_the_median(make):
    stack = load_stack(zero_points(make, 24.0, 25.0, 27.5))
    assert stack.zero_point == 25.0
    scales = [10**0.4, 1.0, 10**-1.0]
    assert [entry.scale for entry in stack.entries] == pytest.approx(scales, rel=1e-12)
    for id_, scale in enumerate(scales):
        exposure = stack.read(id_)
        np.testing.assert_array_equal(exposure.image, pixels() * np.float32(scale))
        assert exposure.scale == pytest.approx(scale, rel=1e-6)
    assert any("median 25" in note for note in stack.notes)


def test_auto_with_an_even_number_takes_the_middle(make):
    assert load_stack(zero_points(make, 24.0, 25.0, 26.0, 29.0)).zero_point == 25.5


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ((25.0, 25.0, 25.0000001), "all exposures have the zero point 25"),
        ((25.0, None, 24.0), "1 of 3 exposures have no zero point"),
        ((None, None), "no exposure has a zero point"),
    ],
)
def test_auto_without_scaling_says_so(make, values, says):
    stack = load_stack(zero_points(make, *values))
    assert stack.zero_point is None
    assert {entry.scale for entry in stack.entries} == {1.0}
    assert any(says in note for note in stack.notes)


def test_none_and_a_value(make):
    folder = zero_points(make, 24.0, None, 25.0)
    plain = load_stack(folder, zero_point="none")
    assert {entry.scale for entry in plain.entries} == {1.0}
    for value in (27.0, "27"):
        stack = load_stack(folder, zero_point=value)
        assert stack.zero_point == 27.0
        assert stack.usable == (0, 2)
        assert "cannot be scaled to 27" in str(stack[1].problem)
        assert stack[0].scale == pytest.approx(10**1.2)


@pytest.mark.parametrize("value", ["sometimes", float("nan"), True, None, "inf"])
def test_bad_zero_points(make, value):
    make.plain()
    with pytest.raises(ConfigError, match="zeroPoint"):
        load_stack(make.folder, zero_point=value)


def test_scaled_variance(make):
    make.afw("a.fits", primary={"MAGZERO": 24.0})
    make.afw("b.fits", primary={"MAGZERO": 25.0})
    stack = load_stack(make.folder, zero_point=25.0)
    factor = np.float32(10**0.4)
    np.testing.assert_array_equal(stack.read(0).variance, np.float32(4) * (factor * factor))


def test_mixed_bands_and_units_are_told(make):
    make.plain("a.fits", cards={"FILTER": "g", "BUNIT": "adu"})
    make.plain("b.fits", cards={"FILTER": "r", "BUNIT": "nJy"})
    notes = " | ".join(load_stack(make.folder).notes)
    assert "different bands (g, r)" in notes
    assert "different units (adu, nJy)" in notes


@pytest.mark.parametrize(
    ("planes", "missing"),
    [(None, ()), (("BAD", "STREAK"), ("STREAK",)), (("BAD", "SAT"), ())],
)
def test_planes_that_no_exposure_has(make, planes, missing):
    make.afw()
    config = MatchConfig() if planes is None else MatchConfig(bad_mask_planes=planes)
    stack = load_stack(make.folder, config=config)
    assert stack.missing_planes(config) == missing
    assert any("STREAK" in note for note in stack.notes) is bool(missing)


def test_progress_counts_files(make):
    make.plain("a.fits")
    make.plain("b.fits")
    seen = []

    class Listen:
        def step(self, fraction=None, text=None):
            seen.append((fraction, text))

    load_stack(make.folder, progress=Listen())
    assert seen[0] == (0.0, "opening a.fits")
    assert seen[-1][0] == 1.0


def test_reading_from_many_threads(make, monkeypatch):
    for number in range(4):
        make.afw(f"{number}.fits", seed=number, compressed=("IMAGE",) if number % 2 else ())
    stack = load_stack(make.folder)
    reads = []
    original = loading_module.read
    monkeypatch.setattr(
        loading_module, "read", lambda path, **how: reads.append(path) or original(path, **how)
    )
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(stack.read, [i % 4 for i in range(64)]))
    for number, exposure in enumerate(results):
        np.testing.assert_array_equal(exposure.image, pixels(number % 4))
    assert len(reads) == 4


def test_a_small_cache_reads_again(make, monkeypatch):
    make.plain("a.fits")
    make.plain("b.fits")
    stack = load_stack(make.folder, cache_bytes=NY * NX * 4)
    first = stack.read(0)
    stack.read(1)
    assert stack.read(0) is not first


@pytest.mark.parametrize("how", ["rewritten", "replaced", "other shape", "older copy"])
def test_a_file_that_changed_is_refused(make, how):
    path = make.plain("a.fits")
    stack = load_stack(path)
    stack.read(0)
    assert stack.changed_on_disk() == ()
    state = path.stat()
    if how == "rewritten":
        make.plain("a.fits", data=pixels(5))
        os.utime(path, ns=(1, 1))
    elif how == "replaced":  # of equal size and time: only the inode differs
        other = make.plain("b.fits", data=pixels(5))
        os.utime(other, ns=(state.st_atime_ns, state.st_mtime_ns))
        os.replace(other, path)
    elif how == "other shape":
        make.plain("a.fits", data=np.zeros((3, 3), "f4"))
    else:
        os.utime(path, ns=(1, 1))
    assert stack.changed_on_disk() == (0,)
    for read in (lambda: stack.read(0), lambda: stack.measure(0, MatchConfig())):
        with pytest.raises(ReadError, match="changed on disk") as caught:
            read()
        assert caught.value.id == "E_CHANGED"
    path.unlink()
    assert stack.changed_on_disk() == (0,)
    with pytest.raises(ReadError, match="cannot be opened"):
        stack.read(0)


def test_a_sidecar_that_changed_is_noticed(make):
    path = make.plain("a.fits")
    mask = make.plain("a_mask.fits", data=np.zeros((NY, NX), "i4"))
    stack = load_stack([path])
    assert stack[0].info.companions == (mask,)
    os.utime(mask, ns=(1, 1))
    assert stack.changed_on_disk() == (0,) and stack[0].changed_files == (mask,)
    with pytest.raises(ReadError, match=r"a_mask\.fits: changed on disk"):
        stack.read(0)


def test_a_file_that_changes_while_it_is_read_is_refused(make, monkeypatch):
    path = make.plain("a.fits")
    stack = load_stack(path)
    image = Assembler.image

    def slow(self):
        os.utime(path, ns=(1, 1))
        return image(self)

    monkeypatch.setattr(Assembler, "image", slow)
    with pytest.raises(ReadError, match="changed on disk"):
        stack.read(0)


def test_a_repaired_file_is_taken_where_its_headers_are_the_same(make):
    path = make.plain("a.fits")
    stack = load_stack(path)
    make.plain("a.fits", data=pixels(5))
    os.utime(path, ns=(1, 1))
    np.testing.assert_array_equal(stack.with_current_files([0]).read(0).image, pixels(5))
    assert stack.changed_on_disk() == (0,)
    make.plain("a.fits", data=np.zeros((3, 3), "f4"))
    with pytest.raises(ReadError, match="changed on disk"):
        stack.with_current_files([0]).read(0)


def test_in_memory():
    images = [MaskedImage(np.ones((2, 3))), None, Exposure(np.full((4, 5), 2.0), name="x")]

    def fails(_exposure):
        raise RuntimeError("no flux")

    stack = ExposureStack.of(images, identities=["a", "b", "a"], scales=[3.0, None, fails])
    assert stack.usable == (0, 2)
    assert stack[0].identity == stack[2].identity
    assert [entry.name for entry in stack.entries] == ["exposure_1", "exposure_2", "x"]
    np.testing.assert_array_equal(stack.read(0).image, np.full((2, 3), 3, "f4"))
    assert stack.read(0).scale == 3.0
    assert stack.shape == (2, 3)
    with pytest.raises(ReadError):
        stack.read(1)
    with pytest.raises(BgviewerError, match=r"scaler failed.*no flux"):
        stack.read(2)
    assert ExposureStack.of(images, scales=[lambda e: 2.0, None, None]).read(0).image[0, 0] == 2.0
    with pytest.raises(ValueError, match="1 names for 3"):
        ExposureStack.of(images, names=["one"])
    assert ExposureStack.of([]).shape is None


def measurable(make, kind):
    """A stack of one file, laid out as the measuring from disk meets it or has to read it."""
    options = {
        "afw": {},
        "no mask": {"mask": None},
        "16-bit mask": {"mask": (np.arange(NX * NY).reshape(NY, NX) % 64).astype("i2")},
        "float64 image": {"image": pixels().astype("f8")},
        "compressed": {"compressed": ("IMAGE", "MASK")},
    }[kind]
    return load_stack(make.afw(**options))


@pytest.mark.parametrize("kind", ["afw", "no mask", "16-bit mask", "float64 image", "compressed"])
@pytest.mark.parametrize("scale", [None, 2.5])
def test_measuring_from_disk_is_measuring_what_is_read(make, kind, scale):
    stack = measurable(make, kind)
    entries = [replace(entry, scale=scale) for entry in stack.entries]
    stack = ExposureStack(entries)
    config = MatchConfig(bad_mask_planes=("SAT",))
    assert stack.measure(0, config) == measure_exposure(stack.read(0), config)
    assert stack.measure(0, config).coverage > 50


def test_measuring_a_file_that_changed_or_went(make):
    path = make.afw()
    stack = load_stack(path)
    make.afw(shape=(5, 6))
    with pytest.raises(ReadError, match="changed on disk"):
        stack.measure(0, MatchConfig())
    path.unlink()
    with pytest.raises(ReadError, match="cannot be opened"):
        stack.measure(0, MatchConfig())


def plain(make, name, *, level=100.0, **cards):
    """Write a plain image with these cards; noise 1."""
    image = level + np.random.default_rng(len(name)).normal(0, 1, (16, 16))
    fits.writeto(make.folder / name, image.astype("f4"), fits.Header(cards))


def test_zero_point_that_stands_for_not_measured_scales_nothing(make):
    for name, value in (("a.fits", 25.9), ("b.fits", 25.9), ("c.fits", 99.0)):
        plain(make, name, PHOTZP=value)
    stack = load_stack(make.folder)
    assert {entry.scale for entry in stack.entries} == {1.0}
    assert "PHOTZP = 99 is no zero point" in stack[2].info.warnings[0]
    assert stack[2].info.zero_point is None
    assert any("1 of 3 exposures have no zero point" in note for note in stack.notes)


def test_zero_point_stated_by_the_user_replaces_the_sentinel(make):
    for name, value in (("a.fits", 25.0), ("b.fits", 99.0)):
        plain(make, name, PHOTZP=value)
    stack = load_stack(make.folder, choices={make.folder / "b.fits": Choice(zero_point=27.5)})
    assert stack.zero_point == 26.25
    assert [e.scale for e in stack.entries] == pytest.approx([10**0.5, 10**-0.5])
    assert not any("no zero point" in text for text in stack[1].info.warnings)


def test_zero_points_further_apart_than_photometry_has_them(make):
    for name, value in (("a.fits", 25.0), ("b.fits", 25.5), ("c.fits", 38.0)):
        plain(make, name, MAGZERO=value)
    for zero_point in ("auto", 26.0):
        stack = load_stack(make.folder, zero_point=zero_point)
        assert [e.zero_point_refused for e in stack.entries] == [False, False, True]
        assert "more than 5 mag from those of most others (25 to 38)" in stack[2].warnings[0]
        if zero_point == "auto":
            assert {e.scale for e in stack.entries} == {1.0}
        else:
            assert stack[2].problem is not None


def test_units_of_flux_scale_each_other(make):
    plain(make, "a.fits", BUNIT="uJy")
    plain(make, "b.fits", BUNIT="mJy")
    plain(make, "c.fits", BUNIT="10.0*nanoJansky")
    scales = [e.scale for e in load_stack(make.folder).entries]
    np.testing.assert_allclose(np.array(scales) / scales[0], [1, 1000, 0.01], rtol=1e-6)


def test_surface_brightness_is_scaled_by_its_unit_alone(make):
    plain(make, "a.fits", BUNIT="MJy/sr", PIXAR_SR=2.31e-14)
    plain(make, "b.fits", BUNIT="MJy/sr", PIXAR_SR=2.38e-14)
    stack = load_stack(make.folder)
    assert [e.scale for e in stack.entries] == [1.0, 1.0]
    assert any("surface brightness: not scaled" in note for note in stack.notes)
    plain(make, "c.fits", BUNIT="Jy/sr", PIXAR_SR=2.31e-14)
    scales = [e.scale for e in load_stack(make.folder).entries]
    np.testing.assert_allclose(np.array(scales) / scales[0], [1, 1, 1e-6], rtol=1e-6)
    problems = [e.problem for e in load_stack(make.folder, zero_point=27.0).entries]
    assert all("a surface brightness" in str(problem) for problem in problems)


def test_relative_and_absolute_zero_points_are_not_mixed(make):
    plain(make, "a.resamp.fits", SOFTNAME="SWarp", FLXSCALE=2.0)
    plain(make, "b.resamp.fits", SOFTNAME="SWarp", MAGZERO=25.0)
    stack = load_stack(make.folder)
    assert {e.scale for e in stack.entries} == {1.0}
    assert any("of different kinds" in note for note in stack.notes)


def test_flux_scale_of_one_is_a_scale(make):
    for name, factor in (("a.resamp.fits", 1.0), ("b.resamp.fits", 2.0), ("c.resamp.fits", 0.8)):
        plain(make, name, SOFTNAME="SWarp", FLXSCALE=factor, FLASCALE=1.0)
    assert [e.scale for e in load_stack(make.folder).entries] == pytest.approx([1.0, 2.0, 0.8])


@pytest.mark.parametrize(
    ("cards", "said"),
    [
        ({"BUNIT": "adu"}, True),
        ({}, True),
        ({"BUNIT": "electron/s"}, False),
        ({"BUNIT": "nJy"}, False),
        ({"BUNIT": "MJy/sr"}, False),
        ({"MAGZERO": 30.0}, True),
        ({"FLUXMAG0": 1e12}, False),
        ({"PHOTZP": 25.0}, True),
    ],
)
def test_exposure_times_that_differ(make, cards, said):
    plain(make, "a.fits", EXPTIME=60.0, **cards)
    plain(make, "b.fits", EXPTIME=30.0, **cards)
    notes = [note for note in load_stack(make.folder).notes if "EXPTIME" in note]
    assert bool(notes) == said
    assert all("30 to 60 s" in note for note in notes)


def test_per_second_zero_points_that_follow_the_exposure_time_are_fine(make):
    plain(make, "a.fits", EXPTIME=60.0, PHOTZP=26.0)
    plain(make, "b.fits", EXPTIME=30.0, PHOTZP=26.0 - 2.5 * np.log10(2))
    assert not any("EXPTIME" in note for note in load_stack(make.folder).notes)


def test_zero_points_of_which_none_has_a_majority_are_all_refused(make):
    plain(make, "a.fits", MAGZERO=25.0)
    plain(make, "b.fits", MAGZERO=38.0)
    stack = load_stack(make.folder)
    assert [e.zero_point_refused for e in stack.entries] == [True, True]
    assert {e.scale for e in stack.entries} == {1.0}


def test_zero_points_are_compared_by_band_and_exposure_time(make):
    plain(make, "a.fits", MAGZERO=25.0, EXPTIME=1.0)
    plain(make, "b.fits", MAGZERO=32.5, EXPTIME=1000.0)
    plain(make, "c.fits", MAGZERO=18.0, FILTER="L")
    assert not any(e.zero_point_refused for e in load_stack(make.folder).entries)


def test_relative_scales_have_no_magnitude(make):
    plain(make, "a.resamp.fits", SOFTNAME="SWarp", FLXSCALE=1.0)
    plain(make, "b.resamp.fits", SOFTNAME="SWarp", FLXSCALE=2.0)
    problems = [str(e.problem) for e in load_stack(make.folder, zero_point=27.0).entries]
    assert all("FLXSCALE is relative" in text for text in problems)


def test_units_that_contradict_a_card_or_are_logarithmic_are_told(make):
    plain(make, "a.fits", BUNIT="nJy", MAGZERO=25.0)
    plain(make, "b.fits", BUNIT="nJy", MAGZERO=31.4)
    plain(make, "c.fits", BUNIT="mag/arcsec2")
    told = [entry.info.warnings for entry in load_stack(make.folder).entries]
    assert any("MAGZERO = 25 is not the zero point of nJy" in text for text in told[0])
    assert told[1] == ()
    assert any("is logarithmic" in text for text in told[2])
