"""Files beside an exposure: found by exact stem, refused when they do not fit."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from bgviewer.errors import ReadError, SidecarError
from bgviewer.io.conventions import Choice
from bgviewer.io.read import describe, read
from tests.io.conventions.lookalikes import LOOKALIKES, flags, level, primary, save, sky


@pytest.mark.parametrize(
    ("own", "other", "kind"),
    [
        ("a.fits", "a_mask.fits", "mask"),
        ("a.fits", "a.mask.fits.gz", "mask"),
        ("a_sci.fits", "a_dq.fits", "mask"),
        ("a_img.fits", "a_msk.fits", "mask"),
        ("a.fits.fz", "a-bpm.fit", "mask"),
        ("a.fits", "a.rms.fits", "sigma"),
        ("a_drz.fits", "a_err.fits", "sigma"),
        ("a.fits", "a_var.fits", "variance"),
        ("a.fits", "a.ivar.fits", "inverse variance"),
        ("a.fits", "a.weight.fits", "unknown"),
        ("a.fits", "a_conf.fits", "unknown"),
    ],
)
def test_words(tmp_path, own, other, kind):
    path = save(tmp_path / own, primary(sky()))
    assert describe(path).companions == ()
    save(tmp_path / other, primary(flags(1) if kind == "mask" else level(2)))
    info = describe(path)
    assert info.companions == (tmp_path / other,)
    assert info.variance_kind == ("none" if kind == "mask" else kind)
    assert any(other in warning for warning in info.warnings)
    with pytest.raises(SidecarError, match=own):
        describe(tmp_path / other)


def test_only_the_exact_stem(tmp_path):
    path = save(tmp_path / "night1.fits", primary(sky()))
    for name in ("night10_mask.fits", "night_mask.fits", "anight1_mask.fits", "night1_mask.txt"):
        save(tmp_path / name, primary(flags(1)))
    (tmp_path / "sub").mkdir()
    save(tmp_path / "sub" / "night1_mask.fits", primary(flags(1)))
    assert describe(path).companions == ()


def test_words_that_may_be_names_need_an_exposure(tmp_path):
    assert describe(save(tmp_path / "rrlyr_var.fits", primary(sky()))).convention == "plain"
    with pytest.raises(SidecarError):
        describe(save(tmp_path / "field.weight.fits", primary(level(1))))
    assert read(tmp_path / "field.weight.fits", choice=Choice(hdu=0)).image[0, 0] == 1


def test_another_shape_is_refused(tmp_path):
    path = save(tmp_path / "a.fits", primary(sky()))
    save(tmp_path / "a_mask.fits", primary(np.zeros((3, 4), "i2")))
    with pytest.raises(ReadError, match=r"a_mask.fits is 4x3 but HDU 0 is 17x12") as caught:
        describe(path)
    assert caught.value.id == "E_SIBLING_SHAPE"
    assert read(path, choice=Choice(mask="none")).mask is None


def test_a_damaged_side_car_is_named(tmp_path):
    path = save(tmp_path / "a.fits", primary(sky()))
    (tmp_path / "a_mask.fits").write_bytes(b"SIMPLE  =")
    with pytest.raises(ReadError, match=r"a\.fits: its side-car a_mask.fits: file is trunc"):
        describe(path)


def test_spans_of_another_frame(tmp_path):
    path = LOOKALIKES["sdss_fpc"](tmp_path)
    with fits.open(tmp_path / "fpM-004192-r4-0300.fit") as hdus:
        hdus[0].header["MASKROWS"] = 1489
        hdus.writeto(tmp_path / "new.fits")
    (tmp_path / "new.fits").rename(tmp_path / "fpM-004192-r4-0300.fit")
    with pytest.raises(ReadError, match="17x1489") as caught:
        read(path)
    assert caught.value.id == "E_SIBLING_SHAPE"


def test_the_user_decides(tmp_path):
    path = save(tmp_path / "a.fits", primary(sky()))
    save(tmp_path / "a.weight.fits", primary(level(4, [(0, 0)])))
    save(tmp_path / "other.fits", primary(flags(4)))
    assert read(path).variance is None
    known = read(path, choice=Choice(noise_kind="inverse variance"))
    assert known.variance[1, 1] == 0.25
    assert known.variance[0, 0] == np.inf
    assert read(path, choice=Choice(noise_kind="sigma")).variance[1, 1] == 16
    assert read(path, choice=Choice(noise="none")).variance is None
    assert read(path, choice=Choice(zero_point=25.0)).zero_point == 25
    other = read(path, choice=Choice(mask="other.fits", mask_meaning="bits"))
    assert other.mask[5, 0] == 4
    assert other.planes["BIT2"] == 2
    assert read(path, choice=Choice(mask="none")).mask is None


@pytest.mark.parametrize("name", ["../x.fits", "/etc/passwd", "sub/x.fits"])
def test_choices_stay_in_the_folder(tmp_path, name):
    path = save(tmp_path / "a.fits", primary(sky()))
    with pytest.raises(ReadError, match="not in the same folder"):
        read(path, choice=Choice(mask=name))
