"""Stored numbers to pixel values: scaling cards, BLANK, range and resolution of float32."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from bgviewer.errors import ReadError
from bgviewer.io.read import describe, read
from bgviewer.io.stack import load_stack
from bgviewer.tasks.match import match_stack

NY, NX = 48, 80
RNG = np.random.default_rng(11)
GAP = np.zeros((NY, NX), bool)
GAP[:, :25] = True


def compressed(path, raw, cards, **how):
    """Write stored numbers tile-compressed; scaling cards are put in as they stand."""
    hdus = fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(raw, **how)])
    hdus.writeto(path, overwrite=True)
    with fits.open(path, mode="update", disable_image_compression=True) as hdus:
        hdus[1].header.update(cards)
    return path


def raw_file(path, raw, *cards):
    """Write stored numbers plain, with these 80-character cards as they stand."""
    bitpix = {"i1": 8, "u1": 8, "i2": 16, "i4": 32, "i8": 64, "f4": -32, "f8": -64}
    head = [f"{'SIMPLE':<8}= {'T':>20}", f"{'BITPIX':<8}= {bitpix[raw.dtype.str[1:]]:>20}"]
    head += [f"{'NAXIS':<8}= {2:>20}", f"{'NAXIS1':<8}= {raw.shape[1]:>20}"]
    head += [f"{'NAXIS2':<8}= {raw.shape[0]:>20}", *cards, "END"]
    text = "".join(card.ljust(80) for card in head)
    data = raw.astype(raw.dtype.newbyteorder(">")).tobytes()
    text = text.ljust(-(-len(text) // 2880) * 2880)
    path.write_bytes(text.encode() + data + bytes(-len(data) % 2880))
    return path


@pytest.mark.parametrize("how", ["RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1"])
@pytest.mark.parametrize("tile", [(1, NX), (16, 16), (NY, NX)])
@pytest.mark.parametrize("kind", ["uint16", "int16", "int32", "scaled"])
def test_blank_of_compressed_whole_numbers(tmp_path, how, tile, kind):
    if how == "HCOMPRESS_1" and tile == (1, NX):
        pytest.skip("HCOMPRESS has no tiles of one row")
    zero, scale = {"uint16": (32768, 1), "scaled": (100, 0.5)}.get(kind, (0, 1))
    stored = np.rint(RNG.normal(50, 10, (NY, NX))).astype("i4" if kind == "int32" else "i2")
    blank = -32768 if kind == "uint16" else -999
    want = np.where(GAP, np.nan, stored.astype(float) * scale + zero).astype("f4")
    stored[GAP] = blank
    cards = {"BZERO": zero, "BSCALE": scale, "BLANK": blank}
    path = compressed(tmp_path / "a.fits", stored, cards, compression_type=how, tile_shape=tile)
    np.testing.assert_array_equal(read(path).image, want)


def test_blank_of_compressed_bytes(tmp_path):
    stored = RNG.integers(1, 200, (NY, NX)).astype("u1")
    stored[GAP] = 0
    path = compressed(tmp_path / "a.fits", stored, {"BLANK": 0}, compression_type="RICE_1")
    np.testing.assert_array_equal(np.isnan(read(path).image), GAP)


def test_unsigned_32_bit_compressed(tmp_path):
    stored = np.rint(RNG.normal(0, 100, (NY, NX))).astype("i4")
    cards = {"BZERO": 2147483648, "BSCALE": 1}
    path = compressed(tmp_path / "a.fits", stored, cards, compression_type="RICE_1")
    np.testing.assert_array_equal(read(path).image, (stored + 2.0**31).astype("f4"))


def test_gaps_of_a_compressed_exposure_stay_gaps_in_the_export(tmp_path):
    from bgviewer.engine.config import MatchConfig
    from bgviewer.tasks.export import ExportRequest, export

    (tmp_path / "in").mkdir()
    for name, sky in (("a", 1000), ("b", 1200)):
        stored = (np.rint(RNG.normal(sky, 5, (NY, NX))) - 32768).astype("i2")
        if name == "b":
            stored[GAP] = -32768
        cards = {"BZERO": 32768, "BSCALE": 1, "BLANK": -32768}
        compressed(tmp_path / f"in/{name}.fits", stored, cards, compression_type="RICE_1")
    stack = load_stack(tmp_path / "in")
    request = ExportRequest(
        stack=stack, config=MatchConfig(bin_size=16), reference=0, directory=tmp_path / "out"
    )
    outcome = export(request).outcomes[1]
    with fits.open(outcome.output) as hdus:
        hdu = next(h for h in hdus if h.data is not None)
        assert "BLANK" not in hdu.header
        np.testing.assert_array_equal(np.isnan(hdu.data), GAP)
        assert np.nanmedian(hdu.data) == pytest.approx(1000, abs=1)


@pytest.mark.parametrize(
    ("cards", "factor", "zero", "named"),
    [
        (["BZERO   = '32768   '"], 1, 32768, "BZERO"),
        (["BSCALE  = '2.5'", "BZERO   =                 10."], 2.5, 10, "BSCALE"),
        (["BZERO   = '3.2768D4'"], 1, 32768, "BZERO"),
        (["BZERO   ="], 1, 0, ""),
        (["BZERO   =                   5."], 1, 5, ""),
    ],
)
def test_scaling_cards_that_can_be_understood(tmp_path, cards, factor, zero, named):
    stored = np.rint(RNG.normal(0, 100, (NY, NX))).astype("i2")
    exposure = read(raw_file(tmp_path / "a.fits", stored, *cards))
    np.testing.assert_allclose(exposure.image, stored.astype(float) * factor + zero, rtol=1e-6)
    told = [text for text in exposure.source.warnings if "is text" in text]
    assert bool(told) == bool(named)
    assert all(named in text for text in told)


@pytest.mark.parametrize(
    "card",
    [
        "BZERO   = 'none'", "BZERO   =                    T", "BZERO   = (1.0, 2.0)",
        "BZERO   = NaN", "BSCALE  =                   0.", "BLANK   =                 -1.5",
        "BLANK   = 'gap'",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["i2", "f4", "f8"])
def test_scaling_cards_that_leave_the_pixels_unknown_are_refused(tmp_path, card, kind):
    if kind != "i2" and card.startswith("BLANK"):
        pytest.skip("floats have NaN, BLANK means nothing")
    path = raw_file(tmp_path / "a.fits", np.zeros((NY, NX), kind), card)
    with pytest.raises(ReadError) as caught:
        read(path)
    assert caught.value.id == "E_HEADER"
    assert card[:6].strip() in caught.value.reason


def test_blank_that_no_pixel_can_have_is_named(tmp_path):
    path = raw_file(tmp_path / "a.fits", np.zeros((NY, NX), "i2"), f"BLANK   = {65535:>20}")
    assert any("BLANK = 65535" in text for text in read(path).source.warnings)


@pytest.mark.parametrize("blank", [-(2**63) + 1, 2**63 - 1, 2**53 + 1])
@pytest.mark.parametrize("quote", ["", "'"])
def test_blank_of_64_bits_is_exact(tmp_path, blank, quote):
    stored = np.rint(RNG.normal(50, 10, (NY, NX))).astype("i8")
    stored[GAP] = blank
    path = raw_file(tmp_path / "a.fits", stored, f"BLANK   = {quote}{blank}{quote}")
    np.testing.assert_array_equal(read(path).image, np.where(GAP, np.nan, stored).astype("f4"))


@pytest.mark.parametrize("plane", ["ERR", "MASK"])
def test_text_in_the_scaling_of_other_planes_is_named(tmp_path, plane):
    """Stored 2 is a sigma of 5 with BZERO 3, and no bit with BZERO -2."""
    hdus = [fits.PrimaryHDU(), fits.ImageHDU(RNG.normal(50, 5, (NY, NX)).astype("f4"), name="SCI")]
    hdus.append(fits.ImageHDU(np.full((NY, NX), 2, "i2"), name=plane))
    hdus[2].header["BZERO"] = "3" if plane == "ERR" else "-2"
    fits.HDUList(hdus).writeto(tmp_path / "a.fits")
    exposure = read(tmp_path / "a.fits")
    assert [text for text in exposure.source.warnings if "BZERO is text" in text]
    if plane == "ERR":
        np.testing.assert_array_equal(exposure.variance, 25)
    else:
        np.testing.assert_array_equal(exposure.mask, 0)


def test_exports_have_numbers_where_the_inputs_have_text(tmp_path):
    """Other programs ignore the text, or fail on it; the copy of the reference must be right."""
    from bgviewer.engine.config import MatchConfig
    from bgviewer.tasks.export import ExportRequest, export

    (tmp_path / "in").mkdir()
    for name, sky in (("a", 1000), ("b", 1200)):
        stored = (np.rint(RNG.normal(sky, 5, (NY, NX))) - 32768).astype("i2")
        cards = ["BZERO   = '32768   '", "BSCALE  = '1'", "BLANK   = '-32768'"]
        raw_file(tmp_path / f"in/{name}.fits", stored, *cards)
    outcomes = export(
        ExportRequest(
            stack=load_stack(tmp_path / "in"),
            config=MatchConfig(bin_size=16),
            reference=0,
            directory=tmp_path / "out",
        )
    ).outcomes
    for outcome in outcomes:
        with fits.open(outcome.output) as hdus:
            assert np.mean(hdus[0].data) == pytest.approx(1000, abs=1)
            assert any("BZERO is text" in line for line in hdus[0].header["HISTORY"])


@pytest.mark.parametrize("unit", [1e-24, 1.0, 1e24])
@pytest.mark.parametrize("plane", ["ERR", "VAR", "IVAR"])
def test_variance_of_scaled_whole_numbers(tmp_path, unit, plane):
    noise = {"ERR": unit, "VAR": unit**2, "IVAR": unit**-2}[plane]
    sky = ((100 + RNG.normal(0, 1, (NY, NX))) * unit).astype("f4")
    hdus = [fits.PrimaryHDU(), fits.ImageHDU(sky, name="SCI")]
    hdus.append(fits.ImageHDU(np.full((NY, NX), 1000, "i2"), name=plane))
    hdus[2].header["BSCALE"] = noise / 1000
    fits.HDUList(hdus).writeto(tmp_path / "a.fits")
    exposure = read(tmp_path / "a.fits")
    np.testing.assert_allclose(exposure.true_variance, unit**2, rtol=1e-5)
    assert exposure.mask is None or not (exposure.mask != 0).any()


@pytest.mark.parametrize("unit", [1e-24, 1e-30, 1e-17, 1.0, 1e14, 1e24, 1e30])
@pytest.mark.parametrize("plane", ["ERR", "VAR", "IVAR"])
def test_variance_in_any_unit(tmp_path, unit, plane):
    """MSE and variance of white noise of 1 unit each: 2 units squared."""
    noise = {"ERR": unit, "VAR": unit**2, "IVAR": unit**-2}[plane]
    kind = "f4" if plane == "ERR" else "f8"
    for name, sky in (("a", 100.0), ("b", 120.0)):
        image = ((sky + RNG.normal(0, 1, (256, 256))) * unit).astype("f4")
        hdus = [fits.PrimaryHDU(), fits.ImageHDU(image, name="SCI")]
        hdus.append(fits.ImageHDU(np.full(image.shape, noise, kind), name=plane))
        fits.HDUList(hdus).writeto(tmp_path / f"{name}.fits")
    outcome = match_stack(load_stack(tmp_path), reference=0)[1]
    assert outcome.diff_im_var == pytest.approx(2 * unit**2, rel=1e-5)
    assert outcome.matched_mse == pytest.approx(2 * unit**2, rel=0.05)
    exposure = read(tmp_path / "a.fits")
    np.testing.assert_allclose(exposure.true_variance, unit**2, rtol=1e-5)


def test_variances_of_different_size_are_summed(tmp_path):
    import bgviewer

    image = RNG.normal(0, 1, (64, 64)) * 1e-20
    first = bgviewer.MaskedImage(image=image, variance=np.full(image.shape, 9e-40))
    second = bgviewer.MaskedImage(image=image, variance=np.full(image.shape, 16e-38))
    assert first.variance_exponent != second.variance_exponent
    result = bgviewer.match_backgrounds(first, second, bgviewer.MatchConfig(bin_size=32))
    assert result.diff_im_var == pytest.approx(16.09e-38, rel=1e-6)
    scaled = first.scaled(1e25)
    np.testing.assert_allclose(scaled.true_variance, 9e10, rtol=1e-6)


def test_image_beyond_float32_is_refused(tmp_path):
    for name, values in (("large", 1e40), ("small", 1e-50)):
        fits.writeto(tmp_path / f"{name}.fits", RNG.normal(5, 1, (NY, NX)) * values)
        with pytest.raises(ReadError, match="outside the range of float32") as caught:
            read(tmp_path / f"{name}.fits")
        assert caught.value.id == "E_RANGE"


@pytest.mark.parametrize("scale", [1e40, 1e-55])
def test_scaled_numbers_beyond_float32_are_refused(tmp_path, scale):
    stored = np.rint(RNG.normal(500, 10, (NY, NX))).astype("i2")
    path = raw_file(tmp_path / "a.fits", stored, f"BSCALE  = {scale:>20.6E}")
    with pytest.raises(ReadError, match="outside the range of float32") as caught:
        read(path)
    assert caught.value.id == "E_RANGE"


PEDESTALS = {
    "int16": (lambda sky: np.rint(sky / 0.001).astype("i2"), 0.001, 500000.0),
    "int32": (lambda sky: np.rint((sky + 500000) / 0.001).astype("i4"), 0.001, 0.0),
    "float64": (lambda sky: sky + 500000, None, None),
    "float32": (lambda sky: (sky + 500000).astype("f4"), None, None),
}


@pytest.mark.parametrize("kind", PEDESTALS)
def test_pedestal_that_costs_digits_is_told(tmp_path, kind):
    make, scale, zero = PEDESTALS[kind]
    for name, sky in (("a", 0.0), ("b", 0.3)):
        raw = make(sky + RNG.normal(0, 0.05, (NY, NX)))
        cards = [] if scale is None else [f"BSCALE  = {scale:>20}", f"BZERO   = {zero:>20}"]
        raw_file(tmp_path / f"{name}.fits", raw, *cards)
    outcome = match_stack(load_stack(tmp_path), reference=0)[1]
    told = [text for text in outcome.warnings if "resolves steps of 0.031" in text]
    assert len(told) == 2, "one for the reference, one for the exposure"


def test_noise_below_the_step_of_float32_is_told(tmp_path):
    """Most neighbours are equal then, and no noise can be measured."""
    for name, sky in (("a", 0.0), ("b", 0.3)):
        raw = (500000 + sky + RNG.normal(0, 0.005, (NY, NX))).astype("f4")
        raw_file(tmp_path / f"{name}.fits", raw)
    outcome = match_stack(load_stack(tmp_path), reference=0)[1]
    told = [text for text in outcome.warnings if "resolves steps of 0.031" in text]
    assert len(told) == 2
    assert all("more than their noise" in text for text in told)


def test_few_counts_are_no_lack_of_digits(tmp_path):
    for name in "ab":
        raw_file(tmp_path / f"{name}.fits", RNG.poisson(0.1, (NY, NX)).astype("i2") + 100)
    texts = match_stack(load_stack(tmp_path), reference=0)[1].warnings
    assert not [text for text in texts if "float32" in text]


def test_usual_levels_are_not_worth_a_word(tmp_path):
    for name in "ab":
        raw = np.rint(RNG.normal(30000, 170, (NY, NX))).astype("i4")
        raw_file(tmp_path / f"{name}.fits", raw)
    assert match_stack(load_stack(tmp_path), reference=0)[1].warnings == ()


def test_describe_needs_no_pixels_to_refuse(tmp_path):
    path = raw_file(tmp_path / "a.fits", np.zeros((NY, NX), "i2"), "BZERO   = 'none'")
    with pytest.raises(ReadError, match="BZERO"):
        describe(path)


def test_text_cards_of_a_compressed_image(tmp_path):
    stored = np.rint(RNG.normal(0, 10, (NY, NX))).astype("i2")
    stored[GAP] = -32768
    cards = {"BZERO": "32768", "BSCALE": "1", "BLANK": "-32768"}
    path = compressed(tmp_path / "a.fits", stored, cards, compression_type="RICE_1")
    exposure = read(path)
    want = np.where(GAP, np.nan, stored.astype(float) + 32768).astype("f4")
    np.testing.assert_array_equal(exposure.image, want)
    assert sum("is text" in text for text in exposure.source.warnings) == 3
