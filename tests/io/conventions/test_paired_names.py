"""Side-cars whose names differ from the exposure's in one word, in any place of the name."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from bgviewer.errors import SidecarError
from bgviewer.io.companions import companion_names
from bgviewer.io.names import file_stem
from bgviewer.io.read import describe, read
from tests.io.conventions.lookalikes import flags, level, primary, save, sky

SCHEMES = {
    "spitzer": ("SPITZER_I1_7_0001_5_cbcd.fits", "cbunc", "cbcd", "sigma", 4.0),
    "spitzer bcd": ("SPITZER_I1_7_0001_5_bcd.fits", "bunc", "bcd", "sigma", 4.0),
    "unwise": ("unwise-0866p257-w1-img-m.fits", "invvar", "img", "inverse variance", 0.5),
    "wise": ("0866p257_ac51-w3-int-3.fits", "unc", "int", "sigma", 4.0),
    "legacy-like": ("survey-0866p257-image-r.fits", "invvar", "image", "inverse variance", 0.5),
    "prefix": ("fitim_r_102.fits", "sigma", "fitim", "sigma", 4.0),
    "dots": ("night.1.sci.r.fits", "var", "sci", "variance", 2.0),
    "digits": ("visit12_sci3_r.fits", "rms", "sci", "sigma", 4.0),
    "upper": ("FIELD-SCI-7.FITS", "RMS", "SCI", "sigma", 4.0),
}


def _renamed(name: str, old: str, new: str) -> str:
    return name.replace(old, new, 1)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("packed", [False, True])
def test_uncertainty_of_one_word(tmp_path, scheme, packed):
    own, word, science, kind, variance = SCHEMES[scheme]
    other = _renamed(own, science, word) + (".gz" if packed else "")
    path = save(tmp_path / own, primary(sky()))
    save(tmp_path / other, primary(level(2)))
    info = describe(path)
    assert info.companions == (tmp_path / other,)
    assert info.variance_kind == kind
    assert np.all(read(path).variance == variance)
    with pytest.raises(SidecarError, match=own):
        describe(tmp_path / other)


@pytest.mark.parametrize(
    ("own", "mask"),
    [
        ("SPITZER_I1_7_0001_5_cbcd.fits", "SPITZER_I1_7_0001_5_bimsk.fits"),
        ("0866p257_ac51-w3-int-3.fits", "0866p257_ac51-w3-msk-3.fits.gz"),
        ("KiDS_180.0_0.5_r_sci.fits", "KiDS_180.0_0.5_r_msk.fits"),
        ("fitim_r.fits", "mskim_r.fits"),
        ("fitim_r.fits.gz", "mskim_r.fits"),
        ("a.unconv.fits", "a.mask.fits"),
        ("r.stk.r.unconv.fits", "r.stk.r.mask.fits"),
        ("coadd_r_1.fits", "mask_coadd_r_1.fits"),
        ("a_img_7.fits", "a_flags_7.fits"),
    ],
)
def test_a_mask_flags_its_pixels(tmp_path, own, mask):
    path = save(tmp_path / own, primary(sky()))
    save(tmp_path / mask, primary(flags(16384)))
    exposure = read(path)
    flagged = exposure.mask != 0
    assert flagged[5, 0]
    assert np.count_nonzero(flagged) == 1
    assert describe(path).companions == (tmp_path / mask,)


@pytest.mark.parametrize(
    ("own", "other", "kind"),
    [
        ("unwise-0866p257-w1-img-m.fits", "unwise-0866p257-w1-n-m.fits.gz", "map of the inputs"),
        ("0866p257-w3-int-3.fits", "0866p257-w3-cov-3.fits", "map of the inputs"),
        ("fitim_r.fits", "segim_r.fits", "segmentation"),
        ("a_sci.fits", "a_seg.fits", "segmentation"),
        ("AIS_1-nd-int.fits", "AIS_1-nd-rrhr.fits", "map of the inputs"),
        ("AIS_1-nd-int.fits", "AIS_1-nd-skybg.fits", "model of the background"),
    ],
)
def test_maps_are_named_and_not_used(tmp_path, own, other, kind):
    path = save(tmp_path / own, primary(sky()))
    save(tmp_path / other, primary(level(3)))
    info = describe(path)
    assert info.companions == ()
    assert f"{other}: {kind}, not used" in info.warnings
    with pytest.raises(SidecarError, match=kind):
        describe(tmp_path / other)


def test_a_map_of_all_pixels_belongs_to_the_masked_image(tmp_path):
    save(tmp_path / "unwise-0866p257-w1-img-m.fits", primary(sky()))
    path = save(tmp_path / "unwise-0866p257-w1-n-u.fits", primary(level(3)))
    with pytest.raises(SidecarError, match="img-m"):
        describe(path)


def test_inverse_variance_goes_before_the_scatter_of_the_inputs(tmp_path):
    path = save(tmp_path / "unwise-1-w1-img-m.fits", primary(sky()))
    save(tmp_path / "unwise-1-w1-std-m.fits", primary(level(9)))
    save(tmp_path / "unwise-1-w1-invvar-m.fits", primary(level(4)))
    info = describe(path)
    assert info.variance_kind == "inverse variance"
    assert any("std-m.fits: sigma, not used" in text for text in info.warnings)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("field_1.fits", "field_n_1.fits"),
        ("field_a.fits", "field_n.fits"),
        ("img_001.fits", "exp_001.fits"),
        ("sci_001.fits", "std_001.fits"),
        ("a_sci_r.fits", "b_rms_r.fits"),
        ("a_sci_r.fits", "a_rms_g.fits"),
        ("field_int.fits", "field_int_2.fits"),
        ("m31_var_1.fits", "m31_1.fits"),
    ],
)
def test_words_in_names_of_exposures(tmp_path, one, other):
    paths = [save(tmp_path / name, primary(sky())) for name in (one, other)]
    for path in paths:
        assert describe(path).convention == "plain"
        assert describe(path).companions == ()


def test_doubtful_words_need_shape_and_date(tmp_path):
    save(tmp_path / "x_sci_1.fits", primary(sky(), **{"DATE-OBS": "2020-01-01"}))
    other = tmp_path / "x_std_1.fits"
    save(other, primary(sky(), **{"DATE-OBS": "2021-01-01"}))
    assert describe(other).convention == "plain"
    save(other, primary(np.ones((3, 4), "f4")))
    assert describe(other).convention == "plain"
    save(other, primary(sky(), **{"DATE-OBS": "2020-01-01"}))
    with pytest.raises(SidecarError):
        describe(other)


def test_names_that_differ_in_case(tmp_path):
    for name in ("A.fits", "a.fits"):
        save(tmp_path / name, primary(sky()))
    save(tmp_path / "a_MASK.fits", primary(flags(1)))
    assert describe(tmp_path / "a.fits").companions == (tmp_path / "a_MASK.fits",)
    assert describe(tmp_path / "A.fits").companions == ()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_copies_are_found_again(tmp_path, scheme):
    own, word, science, _, variance = SCHEMES[scheme]
    path = save(tmp_path / own, primary(sky()))
    save(tmp_path / _renamed(own, science, word), primary(level(2)))
    target = file_stem(own) + "_matched.fits"
    pairs = companion_names(path, target, describe(path).companions)
    assert len(pairs) == 1
    folder = tmp_path / "out"
    folder.mkdir()
    save(folder / target, primary(sky()))
    (folder / pairs[0][1]).write_bytes(pairs[0][0].read_bytes())
    assert np.all(read(folder / target).variance == variance)
    with pytest.raises(SidecarError):
        describe(folder / pairs[0][1])


def test_swarp_products_pair_too(tmp_path):
    cards = {"SOFTNAME": "SWarp"}
    path = save(tmp_path / "KiDS_1_r_sci.fits", primary(sky(), **cards))
    save(tmp_path / "KiDS_1_r_wei.fits", primary(level(1), **cards))
    save(tmp_path / "KiDS_1_r_msk.fits", primary(flags(2), **cards))
    assert {p.name for p in describe(path).companions} == {"KiDS_1_r_wei.fits", "KiDS_1_r_msk.fits"}
    with pytest.raises(SidecarError):
        describe(tmp_path / "KiDS_1_r_wei.fits")


def test_planes_named_sci_in_single_files(tmp_path):
    image = fits.ImageHDU(sky(), name="SCI")
    path = save(tmp_path / "x_sci.fits", fits.PrimaryHDU(), image)
    save(tmp_path / "x_wht.fits", fits.PrimaryHDU(), fits.ImageHDU(level(1), name="SCI"))
    assert describe(path).companions == (tmp_path / "x_wht.fits",)
    with pytest.raises(SidecarError):
        describe(tmp_path / "x_wht.fits")


def test_copies_under_another_name(tmp_path):
    path = save(tmp_path / "FIELD-SCI-7.fits", primary(sky()))
    save(tmp_path / "FIELD-RMS-7.fits", primary(level(2)))
    ((_, name),) = companion_names(path, "new.fits", describe(path).companions)
    assert name == "new_RMS.fits"
