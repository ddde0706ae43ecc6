"""A small compressed file asks for no more memory than its pixels deserve."""

from __future__ import annotations

import gzip
import tracemalloc

import numpy as np
import pytest
from astropy.io import fits

import bgviewer
from bgviewer.errors import ReadError
from bgviewer.io import pixels, tiles

MB = 1_000_000


def _compressed(path, values, tile, kind="GZIP_1"):
    hdu = fits.CompImageHDU(values, compression_type=kind, tile_shape=tile, quantize_level=0)
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path)
    return path


def _peak(path) -> tuple[int, str]:
    """Return the bytes that reading took at most, and why it was refused."""
    tracemalloc.start()
    try:
        bgviewer.read(path)
        why = ""
    except ReadError as error:
        why = f"{error.id}: {error.reason}"
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak, why


@pytest.mark.parametrize("kind", ["GZIP_1", "GZIP_2", "RICE_1"])
def test_one_giant_tile_is_refused_before_it_is_unpacked(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(pixels, "_FREE_TILE", 4 * MB)
    path = _compressed(tmp_path / "a.fits", np.zeros((2000, 2000), np.int16), (2000, 2000), kind)
    peak, why = _peak(path)
    assert why.startswith("E_MEMORY") and "tile of 0.0 GB" in why
    assert peak < 4 * MB


def test_a_giant_image_of_small_tiles_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(pixels, "_FREE_TILE", 4 * MB)
    path = _compressed(tmp_path / "a.fits", np.zeros((2000, 2000), np.int16), (1, 2000))
    assert bgviewer.read(path).image.shape == (2000, 2000)


def test_a_tile_of_noise_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(pixels, "_FREE_TILE", 1 * MB)
    values = np.random.default_rng(1).integers(-3000, 3000, (1000, 1000), np.int16)
    path = _compressed(tmp_path / "a.fits", values, (1000, 1000))
    assert np.array_equal(bgviewer.read(path).image, values)


@pytest.mark.parametrize("kind", ["GZIP_1", "GZIP_2"])
def test_a_tile_that_unpacks_to_more_than_its_pixels(tmp_path, monkeypatch, kind):
    """The header states 40 x 40 pixels; the stream in the only tile is 100 MB of zeros."""
    monkeypatch.setattr(tiles, "_FREE", 1 * MB)
    path = _compressed(tmp_path / "a.fits", np.zeros((40, 40), np.int16), (40, 40), kind)
    bomb = gzip.compress(bytes(100 * MB))
    with fits.open(path, disable_image_compression=True) as hdus:
        table = hdus[1]
        header = table.header.copy()
    header["PCOUNT"] = len(bomb)
    header["TFORM1"] = f"1PB({len(bomb)})"
    rows = b"".join(n.to_bytes(4, "big") for n in (len(bomb), 0))
    rows = rows.ljust(header["NAXIS1"], b"\0")
    body = rows + bomb
    body += b"\0" * (-len(body) % 2880)
    primary = path.read_bytes()[:2880]
    path.write_bytes(primary + header.tostring().encode() + body)
    peak, why = _peak(path)
    assert why.startswith("E_MEMORY") and "unpacks to more than" in why
    assert peak < 20 * MB


@pytest.mark.parametrize(("module", "name"), [("gzip", "gz"), ("bz2", "bz2"), ("lzma", "xz")])
def test_a_packed_file_that_unpacks_without_end(tmp_path, module, name):
    import importlib

    plain = fits.PrimaryHDU(np.zeros((4, 4), np.float32))
    text = plain.header.tostring().encode()
    path = tmp_path / f"a.fits.{name}"
    path.write_bytes(importlib.import_module(module).compress(text + bytes(80 * MB)))
    _, why = _peak(path)
    assert why.startswith("E_MEMORY") and "unpack" in why
