"""What the numbers of masks and uncertainties become, convention by convention."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from bgviewer.errors import ReadError
from bgviewer.io.conventions import Choice
from bgviewer.io.read import describe, read
from bgviewer.io.stack import load_stack
from bgviewer.io.write import write_matched
from tests.io.conftest import NX, NY, pixels
from tests.io.conventions.lookalikes import (
    LOOKALIKES,
    extension,
    flags,
    level,
    packed,
    primary,
    save,
    sky,
)


def planes_at(exposure, x: int, y: int = 5) -> set[str]:
    return {n for n, bit in exposure.planes.items() if exposure.mask[y, x] >> np.uint32(bit) & 1}


def test_codes_of_the_community_pipeline(tmp_path):
    exposure = read(LOOKALIKES["noirlab"](tmp_path), choice=Choice(hdu=2))
    names = [planes_at(exposure, x) - {"BAD"} for x in range(9)]
    assert names == [
        {"BAD_PIXEL"}, {"NO_VALUE"}, {"SATURATED"}, {"BLEED"}, {"COSMIC_RAY"}, {"LOW_WEIGHT"},
        {"DIFF_DETECTED"}, {"STREAK"}, {"OTHER"},
    ]  # fmt: skip
    assert all("BAD" in planes_at(exposure, x) for x in range(9))
    assert planes_at(exposure, 0, 0) == {"NO_DATA"}
    assert exposure.variance[0, 0] == np.inf
    assert exposure.variance[1, 1] == 4
    assert exposure.zero_point == 30.5


def test_chips_are_paired_by_name(tmp_path):
    path = LOOKALIKES["noirlab"](tmp_path)
    with fits.open(tmp_path / "c4d_160316_062107_ood_z_v1.fits.fz") as hdus:
        hdus["S1"].data[7, 7] = 3
        hdus.writeto(tmp_path / "new.fits")
    (tmp_path / "new.fits").rename(tmp_path / "c4d_160316_062107_ood_z_v1.fits.fz")
    assert planes_at(read(path, choice=Choice(hdu=1)), 7, 7) == set()
    assert planes_at(read(path, choice=Choice(hdu=2)), 7, 7) == {"SATURATED", "BAD"}


def test_old_bits_of_the_community_pipeline(tmp_path):
    exposure = read(LOOKALIKES["noirlab_single"](tmp_path))
    assert planes_at(exposure, 0) == {"SATURATED", "BAD"}
    assert planes_at(exposure, 1) == {"COSMIC_RAY", "BAD"}


def test_masks_of_lsst_images_are_joined(tmp_path):
    exposure = read(LOOKALIKES["lsst_images"](tmp_path))
    assert planes_at(exposure, 0) == {"NO_DATA"}
    assert planes_at(exposure, 1) == {"COSMIC_RAY", "CR"}
    assert planes_at(exposure, 2) == {"DETECTED"}


def test_all_bits_of_webb_are_kept(tmp_path):
    exposure = read(LOOKALIKES["jwst_cal"](tmp_path))
    assert planes_at(exposure, 0) == {"DO_NOT_USE", "BAD"}
    assert planes_at(exposure, 1) == {"SATURATED"}
    assert planes_at(exposure, 2) == {"NON_SCIENCE", "NO_DATA"}
    assert planes_at(exposure, 3) == {"REFERENCE_PIXEL"}
    assert exposure.source.mask == 2


def test_bits_without_a_name_stay(tmp_path):
    path = tmp_path / "x_flt.fits"
    hdus = [primary(TELESCOP="HST"), extension("SCI", sky())]
    save(path, *hdus, extension("DQ", flags(1 << 14, 1, dtype="i2")))
    exposure = read(path)
    assert exposure.mask[5, 0] == 1 << 14
    assert exposure.mask[5, 1] == 1 | 1 << exposure.planes["BAD"]


def test_asinh_is_undone(tmp_path):
    """L = BOFFSET + BSOFTEN (exp(C/a) - exp(-C/a)), a = 1.0857362."""
    stored = (pixels() / 100).astype("f4").astype("f8")
    exposure = read(LOOKALIKES["ps1_stack"](tmp_path))
    with np.errstate(over="ignore"):
        expected = 10 + 2 * (np.exp(stored / 1.0857362) - np.exp(-stored / 1.0857362))
    np.testing.assert_allclose(exposure.image, expected, rtol=1e-6)
    assert exposure.source.planes.readonly


def test_an_export_of_an_asinh_stack_is_linear(tmp_path):
    path = LOOKALIKES["ps1_stack"](tmp_path)
    exposure = read(path)
    out = write_matched(path, np.ones(exposure.shape, "f4"), tmp_path / "out.stk.fits")
    again = read(out)
    np.testing.assert_array_equal(again.image, exposure.image + np.float32(1))
    assert "BSOFTEN" not in again.header


def test_constant_planes_of_hubble(tmp_path):
    path = LOOKALIKES["hst_constant"](tmp_path)
    first, second = (read(path, choice=Choice(hdu=n)) for n in (1, 4))
    np.testing.assert_array_equal(first.variance, np.full((NY, NX), 4, "f4"))
    assert not first.mask.any()
    np.testing.assert_array_equal(second.image, first.image + 1)
    assert not first.source.planes.readonly


def test_a_chosen_chip_is_written_into_its_own_hdu(tmp_path):
    path = LOOKALIKES["hst_constant"](tmp_path)
    exposure = read(path, choice=Choice(hdu=4))
    out = write_matched(exposure, np.full(exposure.shape, 3, "f4"), tmp_path / "out.fits")
    np.testing.assert_array_equal(
        read(out, choice=Choice(hdu=4)).image, exposure.image + np.float32(3)
    )
    np.testing.assert_array_equal(
        read(out, choice=Choice(hdu=1)).image, read(path, choice=Choice(hdu=1)).image
    )


@pytest.mark.parametrize(
    ("cards", "says"),
    [
        ({"MSKN0000": "A", "MSKM0000": 3}, "MSKM0000 = '3' is no bit"),
        ({"MSKN0000": "A", "MSKM0000": 2, "MSKN0001": "B", "MSKM0001": 2}, "share bit 1"),
        ({"MSKN0000": "A"}, "no bit"),
    ],
)
def test_contradicting_names(tmp_path, cards, says):
    hdus = [
        primary(DATAMODL="x", FMTVER=1),
        packed("IMAGE", sky()),
        packed("MASK", flags(), **cards),
    ]
    with pytest.raises(ReadError, match=says) as caught:
        describe(save(tmp_path / "m.fits", *hdus))
    assert caught.value.id == "E_MASK_PLANES"


def test_newer_formats_say_so(tmp_path):
    hdus = [primary(DATAMODL="x", FMTVER=2), packed("IMAGE", sky())]
    info = describe(save(tmp_path / "n.fits", *hdus))
    assert any("newer LSST stack (v2)" in warning for warning in info.warnings)


def test_exttypes_in_another_order_contradict(make):
    path = make.afw()
    with fits.open(path) as hdus:
        hdus[2].header["EXTTYPE"], hdus[3].header["EXTTYPE"] = "VARIANCE", "MASK"
        hdus.writeto(path.with_name("swapped.fits"))
    with pytest.raises(ReadError, match="HDU 2 says VARIANCE, expected MASK") as caught:
        read(path.with_name("swapped.fits"))
    assert caught.value.id == "E_EXTTYPE"


def test_a_sum_without_positive_weights_is_no_variance(tmp_path):
    path = tmp_path / "ccd.fits"
    uncertainty = extension("UNCERT", level(0), UTYPE="InverseVariance")
    exposure = read(save(path, primary(sky()), uncertainty))
    assert exposure.variance is None
    assert any("no positive weight" in warning for warning in exposure.source.warnings)


def test_a_stack_of_pairs(tmp_path):
    """Side-cars in the folder are used and not listed; scaling, ranking and reading agree."""
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        LOOKALIKES["ztf"](folder)
        for path in folder.iterdir():
            path.rename(tmp_path / path.name.replace("_zr_", f"_{number}_zr_"))
        folder.rmdir()
    stack = load_stack(tmp_path)
    assert len(stack) == 3
    assert any("masks, weights" in note for note in stack.notes)
    assert stack.missing_planes
    from bgviewer.engine.config import MatchConfig

    config = MatchConfig()
    measured = stack.measure(0, config)
    assert measured.coverage == sky().size - 2


def test_chips_of_a_stack_can_be_chosen(tmp_path):
    path = LOOKALIKES["noirlab"](tmp_path)
    assert load_stack([path]).usable == ()
    stack = load_stack([path], choices={path: Choice(hdu=2)})
    assert stack.usable == (0,)
    assert stack.read(0).source.image == 2
