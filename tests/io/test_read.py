"""Planes, names and facts of the conventions read now."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from bgviewer.engine.exposure import CANONICAL_PLANES, Exposure
from bgviewer.errors import ChooseError, ReadError
from bgviewer.io.read import describe, is_own_file, read
from tests.io.conftest import NX, NY, PLANES, bits, pixels, wcs_header

ALL = ("IMAGE", "MASK", "VARIANCE")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compressed": ALL},
        {"compressed": ALL, "exttype": False, "extname": True},
        {"exttype": False, "extname": True},
        {"exttype": True, "extname": True},
        {"in_primary": True},
        {"in_primary": True, "exttype": False, "extname": True},
        {"archive": True},
        {"inherit": False},
    ],
    ids=str,
)
def test_afw_layouts(make, options):
    path = make.afw(**options)
    exposure = read(path)
    assert isinstance(exposure, Exposure)
    assert exposure.source.convention == "afw"
    np.testing.assert_array_equal(exposure.image, pixels())
    np.testing.assert_array_equal(exposure.mask, bits().astype("u4"))
    np.testing.assert_array_equal(exposure.variance, np.full((NY, NX), 4, "f4"))
    for plane, dtype in (("image", "f4"), ("mask", "u4"), ("variance", "f4")):
        array = getattr(exposure, plane)
        assert array.dtype == np.dtype(dtype)
        assert array.dtype.isnative
        assert array.flags.c_contiguous
    assert exposure.planes == PLANES
    assert exposure.xy0 == (100, 200)
    assert exposure.unit == "adu"
    assert exposure.name == "afw"
    info = describe(path)
    assert (info.convention, info.shape) == ("afw", (NY, NX))
    assert info.planes == PLANES
    assert info.variance_kind == "variance"
    assert info.xy0 == (100, 200)
    assert info.has_wcs
    assert not info.own_output


def test_old_uint16_mask(make):
    mask = np.array([[0, 1, 0x7FFF], [0x8000, 0xFFFF, 0x101]], "u2")
    image = np.ones((2, 3), "f4")
    path = make.afw(image=image, mask=mask, variance=None, shape=(2, 3))
    with fits.open(path) as hdus:
        assert hdus[2].header["BITPIX"] == 16
    np.testing.assert_array_equal(read(path).mask, mask.astype("u4"))
    packed = make.afw("c.fits", image=image, mask=mask, variance=None, compressed=("MASK",))
    np.testing.assert_array_equal(read(packed).mask, mask.astype("u4"))


@pytest.mark.parametrize("compressed", [(), ("MASK",)])
@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "u4", "i8"])
def test_mask_types_keep_unknown_bits(make, dtype, compressed):
    if dtype == "i8" and compressed:
        pytest.skip("the format has no compressed 64-bit images in astropy")
    values = np.array([[0, 1], [2, 127]], dtype)
    path = make.afw(image=np.ones((2, 2), "f4"), mask=values, variance=None, compressed=compressed)
    np.testing.assert_array_equal(read(path).mask, [[0, 1], [2, 127]])


def test_sign_bit_of_a_mask_is_bit_31(make):
    mask = np.array([[-1, -(2**31)]], "i4")
    path = make.afw(image=np.ones((1, 2), "f4"), mask=mask, variance=None)
    np.testing.assert_array_equal(read(path).mask, [[0xFFFFFFFF, 0x80000000]])


def test_float_masks(make):
    image = np.ones((2, 2), "f4")
    whole = make.afw(image=image, mask=np.array([[0.0, 8.0], [1.0, 2.0]], "f4"), variance=None)
    np.testing.assert_array_equal(read(whole).mask, [[0, 8], [1, 2]])
    for bad in (0.5, np.nan):
        path = make.afw("b.fits", image=image, mask=np.full((2, 2), bad, "f4"), variance=None)
        with pytest.raises(ReadError, match="not integer") as caught:
            read(path)
        assert caught.value.id == "E_MASK_TYPE"


def test_mask_without_names_gets_the_usual_bits(make):
    info = describe(make.afw(planes={}))
    assert info.planes == CANONICAL_PLANES
    assert any("not named" in warning for warning in info.warnings)


@pytest.mark.parametrize(
    ("planes", "says"),
    [({"A": 3, "B": 3}, "A and B share bit 3"), ({"A": 32}, "no bit"), ({"A": -1}, "no bit")],
)
def test_contradicting_planes(make, planes, says):
    with pytest.raises(ReadError, match=says) as caught:
        describe(make.afw(planes=planes))
    assert caught.value.id == "E_MASK_PLANES"


def test_plane_shapes_must_agree(make):
    path = make.afw(mask=np.zeros((3, NX), "i4"))
    with pytest.raises(ReadError, match=f"MASK is {NX}x3 but .*IMAGE is {NX}x{NY}") as caught:
        describe(path)
    assert caught.value.id == "E_PLANE_SHAPE"


def test_two_masks_contradict(make):
    path = make.afw()
    with fits.open(path) as hdus:
        hdus[3].header["EXTTYPE"] = "MASK"
        hdus.writeto(path.with_name("two.fits"))
    with pytest.raises(ReadError, match="says MASK") as caught:
        read(path.with_name("two.fits"))
    assert caught.value.id == "E_EXTTYPE"


def test_exttype_wins_over_extname(make):
    path = make.afw()
    with fits.open(path) as hdus:
        hdus[2].header["EXTNAME"] = "VARIANCE"
        hdus[3].header["EXTNAME"] = "MASK"
        hdus.writeto(path.with_name("odd.fits"))
    exposure = read(path.with_name("odd.fits"))
    assert (exposure.source.mask, exposure.source.variance) == (2, 3)


@pytest.mark.parametrize("variance", [None, np.zeros((NY, NX), "f4")])
def test_no_variance(make, variance):
    assert read(make.afw(variance=variance)).variance is None


def test_bad_variances_are_counted_but_keep_the_pixel(make):
    variance = np.full((NY, NX), 4, "f4")
    variance[5, 5], variance[5, 6], variance[5, 7] = np.inf, 0, np.nan
    exposure = read(make.afw(variance=variance))
    np.testing.assert_array_equal(exposure.variance, variance)
    assert np.isfinite(exposure.image[5, 5:8]).all()
    assert any("3 pixels" in warning for warning in exposure.source.warnings)


def test_empty_planes(make):
    with pytest.raises(ReadError) as caught:
        read(make.afw(image=np.zeros((0, 0), "f4"), mask=None, variance=None))
    assert caught.value.id == "E_EMPTY_IMAGE"
    exposure = read(make.afw("v.fits", variance=np.zeros((0, 0), "f4")))
    assert exposure.variance is None


def test_inherit(make):
    cards = {"FILTER": "r", "OBJECT": "sky", "BUNIT": "nothing"}
    yes = read(make.afw(primary=cards))
    assert yes.header["OBJECT"] == "sky"
    assert yes.header["BUNIT"] == "adu"  # the extension's own card wins
    no = read(make.afw("no.fits", primary=cards, inherit=False))
    assert "OBJECT" not in no.header
    assert describe(make.afw("band.fits", primary=cards, inherit=False)).band == "r"


@pytest.mark.parametrize("xy0", [(0, 0), (-7, 12), (100, 200)])
def test_xy0(make, xy0):
    assert read(make.afw(xy0=xy0)).xy0 == xy0


def test_xy0_rounds_half_away_and_ltv_is_only_compared(make):
    path = make.afw(xy0=(2, 3))
    with fits.open(path) as hdus:
        hdus[1].header["CRVAL1A"], hdus[1].header["CRVAL2A"] = 2.5, -2.5
        hdus.writeto(path.with_name("half.fits"))
    info = describe(path.with_name("half.fits"))
    assert info.xy0 == (3, -3)
    assert any("LTV1" in warning for warning in info.warnings)
    assert describe(make.afw("none.fits", xy0=None)).xy0 == (0, 0)


def test_wcs_is_made_when_asked_for(make):
    header = wcs_header()
    exposure = read(make.afw(wcs=header))
    expected = WCS(header).all_pix2world([[3.0, 4.0]], 0)
    np.testing.assert_allclose(exposure.wcs.all_pix2world([[3.0, 4.0]], 0), expected, rtol=1e-12)
    assert exposure.scaled(2.0).wcs is not None
    assert read(make.afw("no.fits", wcs=None)).wcs is None


@pytest.mark.parametrize(
    ("cards", "unit", "expected", "source"),
    [
        ({"FLUXMAG0": 1e12}, "adu", 30.0, "FLUXMAG0"),
        ({"FLUXMAG0": 0.0}, "adu", None, ""),
        ({"FLUXMAG0": 0.0, "MAGZERO": 25.5}, "adu", 25.5, "MAGZERO"),
        ({"MAGZP": 24.25}, "adu", 24.25, "MAGZP"),
        ({"MAGZERO": 0.0}, "adu", None, ""),
        ({"MAGZERO": "30"}, "adu", 30.0, "MAGZERO"),
        ({"MAGZERO": "none"}, "adu", None, ""),
        ({}, "nJy", 31.40007, "BUNIT"),
        ({}, "adu", None, ""),
    ],
)
def test_zero_points(make, cards, unit, expected, source):
    info = describe(make.afw(primary=cards, unit=unit))
    if expected is None:
        assert info.zero_point is None
    else:
        assert info.zero_point == pytest.approx(expected, abs=1e-5)
    assert info.zero_point_source == source


def test_photo_calib(make):
    info = describe(make.afw(archive=True, mean=1e4))
    assert info.zero_point == pytest.approx(21.40007, abs=1e-5)
    assert info.zero_point_source == "PhotoCalib"
    assert not info.warnings
    varying = describe(make.afw("v.fits", archive=True, constant=False))
    assert any("varying" in warning for warning in varying.warnings)
    negative = describe(make.afw("n.fits", archive=True, mean=-1.0))
    assert negative.zero_point is None


def test_newer_exposures_say_so(make):
    path = make.afw(archive=True)
    with fits.open(path) as hdus:
        hdus[0].header["EXPINFO_V"] = 7
        hdus.writeto(path.with_name("new.fits"))
    info = describe(path.with_name("new.fits"))
    assert any("newer LSST stack" in warning for warning in info.warnings)
    assert info.zero_point is None


@pytest.mark.parametrize("kind", ["primary", "extension", "compressed"])
def test_plain_images(make, kind):
    path = make.plain(
        kind=kind, wcs=wcs_header(), cards={"MAGZPT": 22.0, "BAND": "z", "BUNIT": "DN"}
    )
    exposure = read(path)
    np.testing.assert_array_equal(exposure.image, pixels())
    assert (exposure.mask, exposure.variance, exposure.planes) == (None, None, {})
    info = describe(path)
    assert (info.convention, info.zero_point, info.band, info.unit) == ("plain", 22.0, "z", "DN")
    assert info.variance_kind == "none"
    assert info.has_wcs


@pytest.mark.parametrize("kind", ["primary", "extension", "compressed"])
@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "i4", "u4", "f4", "f8"])
def test_pixel_types(make, dtype, kind):
    values = np.array([[0, 1, 100], [7, 120, 3]], dtype)
    exposure = read(make.plain(data=values, kind=kind))
    assert exposure.image.dtype == np.float32
    np.testing.assert_array_equal(exposure.image, values.astype("f4"))
    assert exposure.source.warnings == ()


@pytest.mark.parametrize("dtype", ["i8", "u8"])
def test_64_bit_pixels(make, dtype):
    values = np.array([[0, 5], [2**20, 9]], dtype)
    np.testing.assert_array_equal(read(make.plain(data=values)).image, values.astype("f4"))


@pytest.mark.parametrize("values", [np.array([[2**24 + 1, 0]], "i4"), np.array([[0.1, 0.5]], "f8")])
def test_lost_digits_are_told(make, values):
    (warning,) = read(make.plain(data=values)).source.warnings
    assert "1 of 2 pixels lost digits" in warning


def test_blank_and_scale(make):
    data = np.array([[1, -99], [3, 4]], "i2")
    path = make.plain(data=data, cards={"BLANK": -99, "BUNIT": "adu"})
    np.testing.assert_array_equal(read(path).image, np.array([[1, np.nan], [3, 4]], "f4"))
    hdu = fits.PrimaryHDU(np.array([[1.0, 2.0], [3.0, 4.5]]))
    hdu.scale("int16", bscale=0.5, bzero=10)
    scaled = make.save([hdu], "scaled.fits")
    np.testing.assert_array_equal(read(scaled).image, [[1.0, 2.0], [3.0, 4.5]])


def test_degenerate_axes_are_squeezed(make):
    path = make.plain(data=pixels()[None, None])
    assert describe(path).shape == (NY, NX)
    np.testing.assert_array_equal(read(path).image, pixels())


def test_all_nan_is_no_error(make):
    assert np.isnan(read(make.plain(data=np.full((3, 3), np.nan, "f4"))).image).all()


def test_cubes_and_unknown_files_name_what_they_hold(make):
    with pytest.raises(ReadError, match="17x12x3 has 3 axes") as cube:
        read(make.plain(data=np.zeros((3, NY, NX), "f4")))
    assert cube.value.id == "E_DIMS"
    hdus = [
        fits.PrimaryHDU(),
        fits.ImageHDU(pixels(), name="S1"),
        fits.ImageHDU(pixels(), name="N1"),
    ]
    with pytest.raises(ChooseError, match="HDU 1 S1 17x12, HDU 2 N1 17x12") as several:
        read(make.save(hdus, "m.fits"))
    assert several.value.id == "E_CHOOSE"
    table = fits.BinTableHDU.from_columns([fits.Column("x", "1J", array=[1])])
    with pytest.raises(ReadError, match="no image") as none:
        read(make.save([fits.PrimaryHDU(), table], "t.fits"))
    assert none.value.id == "E_NO_IMAGE"
    with pytest.raises(ReadError) as line:
        read(make.plain("line.fits", data=np.zeros(30, "f4")))
    assert line.value.id == "E_NO_IMAGE"


def test_companions_are_left_alone(make):
    hdus = [
        fits.PrimaryHDU(),
        fits.ImageHDU(pixels(), name="SCI"),
        fits.ImageHDU(pixels(), name="WHT"),
    ]
    exposure = read(make.save(hdus, "drz.fits"))
    assert exposure.source.image == 1
    (warning,) = exposure.source.warnings
    assert "WHT" in warning


def test_raw_headers_are_kept(make):
    path = make.plain(data=np.array([[1, 2]], "i2"), cards={"BLANK": 2})
    exposure = read(path)
    assert exposure.source.headers[0] == path.read_bytes()[:2880]
    assert exposure.header["BITPIX"] == 16


def test_compressed_headers_read_like_plain_ones(make):
    header = read(make.afw(compressed=ALL)).header
    assert header["NAXIS1"] == NX
    assert header["BITPIX"] == -32
    assert not [k for k in header if k.startswith(("Z", "TTYPE", "TFORM"))]


def test_is_own_file(make, tmp_path):
    assert not is_own_file(make.plain())
    assert not is_own_file(tmp_path / "missing.fits")
    assert is_own_file(make.plain("own.fits", cards={"BGVVERS": "1"}))
