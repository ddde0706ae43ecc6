"""What the user says over what was recognised: another image, mask, uncertainty."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from bgviewer.errors import ChooseError, ReadError
from bgviewer.io.conventions import Choice
from bgviewer.io.read import describe, read
from tests.io.conventions.lookalikes import LOOKALIKES
from tests.raw_files import SHAPE, write_pairs


def test_any_image_can_be_taken_whatever_the_convention_says(tmp_path):
    path = tmp_path / "x.fits"
    planes = [("SCI", 5.0), ("ERR", 2.0), ("EXTRA", 7.0)]
    hdus = [fits.ImageHDU(np.full((8, 9), v, "f4"), name=n) for n, v in planes]
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path)
    assert read(path).image[0, 0] == 5
    assert read(path, choice=Choice(hdu=1)).variance[0, 0] == 4
    taken = read(path, choice=Choice(hdu=3))
    assert taken.image[0, 0] == 7 and taken.variance is None
    for number in (0, 4):
        with pytest.raises(ReadError, match=f"no image in HDU {number}") as caught:
            read(path, choice=Choice(hdu=number))
        assert caught.value.id == "E_NO_IMAGE"


def test_a_cube_still_asks_for_its_plane(tmp_path):
    path = tmp_path / "x.fits"
    cube = fits.ImageHDU(np.arange(4 * 8 * 9, dtype="f4").reshape(4, 8, 9))
    fits.HDUList([fits.PrimaryHDU(np.zeros((8, 9), "f4")), cube]).writeto(path)
    with pytest.raises(ChooseError) as caught:
        read(path, choice=Choice(hdu=1))
    assert [c["plane"] for c in caught.value.choices] == [0, 1, 2, 3]
    assert read(path, choice=Choice(hdu=1, layer=2)).image[0, 0] == 2 * 72


def test_an_hdu_that_is_not_there_is_refused_by_every_convention(tmp_path):
    for name, write in LOOKALIKES.items():
        folder = tmp_path / name
        folder.mkdir()
        with pytest.raises(ReadError) as caught:
            read(write(folder), choice=Choice(hdu=99))
        assert caught.value.id in ("E_NO_IMAGE", "E_SIDECAR"), name


def test_spans_cannot_be_taken_for_anything_else(tmp_path):
    path = LOOKALIKES["sdss_fpc"](tmp_path)
    assert read(path).mask is not None
    with pytest.raises(ReadError, match="tables of spans"):
        read(path, choice=Choice(mask_meaning="bits"))
    assert read(path, choice=Choice(mask_meaning="none")).mask is None


def test_where_no_bit_is_free_pixels_without_weight_are_flagged_all_the_same(tmp_path):
    path = write_pairs(tmp_path, 1)[0]
    weight = np.ones(SHAPE, "f4")
    weight[:10] = 0
    fits.PrimaryHDU(weight).writeto(tmp_path / "w.fits")
    fits.PrimaryHDU(np.zeros(SHAPE, "i4")).writeto(tmp_path / "m.fits")
    choice = Choice(mask="m.fits", mask_meaning="bits", noise="w.fits", noise_kind="weight")
    exposure = read(path, choice=choice)
    assert exposure.plane_counts()["NO_DATA"] == 10 * SHAPE[1]
    assert exposure.flagged(("NO_DATA",)).sum() == 10 * SHAPE[1]


def test_of_a_cube_of_uncertainties_the_plane_of_the_image_is_taken(tmp_path):
    path = tmp_path / "x.fits"
    cube = np.stack([np.full((8, 9), float(n), "f4") for n in (1, 2, 3)])
    fits.HDUList([fits.PrimaryHDU(cube), fits.ImageHDU(cube * 10)]).writeto(path)
    for place in ("1", "y.fits[1]"):
        fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(cube * 10)]).writeto(
            tmp_path / "y.fits", overwrite=True
        )
        choice = Choice(hdu=0, layer=2, noise=place, noise_kind="variance")
        exposure = read(path, choice=choice)
        assert np.all(exposure.image == 3) and np.all(exposure.variance == 30)


@pytest.mark.parametrize(
    ("name", "variance"), [("u_rms", 9.0), ("u-err", 9.0), ("u_ivar", 1 / 3), ("u", 3.0)]
)
def test_a_kind_that_is_not_told_is_taken_from_the_name_and_said(tmp_path, name, variance):
    path = tmp_path / "x.fits"
    plane = np.full((8, 9), 3.0, "f4")
    fits.PrimaryHDU(plane).writeto(path)
    fits.PrimaryHDU(plane).writeto(tmp_path / f"{name}.fits")
    exposure = read(path, choice=Choice(noise=f"{name}.fits"))
    assert np.allclose(exposure.variance, variance)
    assert any("noiseKind can say otherwise" in text for text in exposure.source.warnings)
    told = read(path, choice=Choice(noise=f"{name}.fits", noise_kind="variance"))
    assert np.all(told.variance == 3) and not told.source.warnings


def test_a_weight_whose_kind_is_told_is_no_mask_only(tmp_path):
    path = tmp_path / "x.fits"
    fits.PrimaryHDU(np.full((8, 9), 3.0, "f4")).writeto(path)
    fits.PrimaryHDU(np.full((8, 9), 4.0, "f4")).writeto(tmp_path / "x.weight.fits")
    assert any("mask only" in text for text in describe(path).warnings)
    told = read(path, choice=Choice(noise_kind="inverse variance"))
    assert np.all(told.variance == 0.25)
    assert not any("mask only" in text for text in told.source.warnings)
