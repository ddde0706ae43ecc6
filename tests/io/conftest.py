"""Files for the io tests, made by astropy alone: never by the code under test."""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

NY, NX = 12, 17

PLANES = {
    "BAD": 0,
    "SAT": 1,
    "INTRP": 2,
    "CR": 3,
    "EDGE": 4,
    "DETECTED": 5,
    "DETECTED_NEGATIVE": 6,
    "SUSPECT": 7,
    "CROSSTALK": 8,
    "NO_DATA": 9,
}


def pixels(seed: int = 1, shape: tuple[int, int] = (NY, NX)) -> np.ndarray:
    """An image with a NaN corner and one infinity."""
    image = np.random.default_rng(seed).normal(100, 10, shape).astype("f4")
    image[:2, :3] = np.nan
    image[-1, -1] = np.inf
    return image


def bits(seed: int = 1, shape: tuple[int, int] = (NY, NX)) -> np.ndarray:
    """A mask with unnamed bits too."""
    return np.random.default_rng(seed).integers(0, 1 << 12, shape).astype("i4")


def wcs_header(
    crval: tuple[float, float] = (30.0, -5.0), crpix: tuple[float, float] = (8.0, 6.0)
) -> fits.Header:
    """A TAN projection of 0.2 arcsec pixels."""
    header = fits.Header()
    header["WCSAXES"] = 2
    for axis, kind in ((1, "RA---TAN"), (2, "DEC--TAN")):
        header[f"CTYPE{axis}"] = kind
        header[f"CRPIX{axis}"] = crpix[axis - 1]
        header[f"CRVAL{axis}"] = crval[axis - 1]
        header[f"CUNIT{axis}"] = "deg"
    header["CD1_1"], header["CD1_2"] = -0.2 / 3600, 0.0
    header["CD2_1"], header["CD2_2"] = 0.0, 0.2 / 3600
    header["RADESYS"] = "ICRS"
    return header


def _archive(mean: float, constant: bool, drop: int) -> list[fits.BinTableHDU]:
    """An archive index, a PhotoCalib and a table with a heap, as afw lays them out."""
    index = fits.BinTableHDU.from_columns(
        [
            fits.Column("id", "1J", array=[1, 2]),
            fits.Column("cat.archive", "1J", array=[1, 2]),
            fits.Column("cat.persistable", "1J", array=[0, 0]),
            fits.Column("row0", "1J", array=[0, 1]),
            fits.Column("nrows", "1J", array=[1, 1]),
            fits.Column("name", "64A", array=["Psf", "PhotoCalib"]),
            fits.Column("module", "64A", array=["", ""]),
        ]
    )
    index.header["EXTTYPE"] = "ARCHIVE_INDEX"
    index.header["AR_CATN"], index.header["AR_NCAT"] = 0, 3
    heap = np.empty(2, object)
    heap[:] = [np.arange(5, dtype="u1"), np.arange(300, dtype="u1") % 251]
    psf = fits.BinTableHDU.from_columns([fits.Column("bytes", "QB", array=heap)])
    calib = fits.BinTableHDU.from_columns(
        [
            fits.Column("flags", "1X", array=[[False], [constant]]),
            fits.Column("calibrationMean", "1D", array=[1.0, mean]),
            fits.Column("calibrationErr", "1D", array=[0.0, 0.0]),
            fits.Column("field", "1J", array=[0, 0]),
        ]
    )
    for number, (table, name) in enumerate(((psf, "Psf"), (calib, "PhotoCalib")), start=1):
        table.header["EXTTYPE"], table.header["AR_NAME"] = "ARCHIVE_DATA", name
        table.header["AR_CATN"] = number
    return [index, psf, calib][: 3 - drop]


def _place(header: fits.Header, xy0: tuple[int, int]) -> None:
    """XY0 as LSST writes it."""
    for axis, origin in zip("12", xy0, strict=True):
        header[f"LTV{axis}"] = -float(origin)
        header[f"CTYPE{axis}A"] = "LINEAR"
        header[f"CRPIX{axis}A"] = 1.0
        header[f"CRVAL{axis}A"] = float(origin)
        header[f"CUNIT{axis}A"] = "PIXEL"


def _name_planes(header: fits.Header, planes: dict[str, int]) -> None:
    """MP_ cards; names too long for a keyword by HIERARCH."""
    for plane, bit in planes.items():
        key = f"MP_{plane}"
        header[f"HIERARCH {key}" if len(key) > 8 else key] = bit


@dataclass
class Maker:
    """Writes files into one folder."""

    folder: Path

    def save(self, hdus: list[Any], name: str, checksum: bool = False) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        fits.HDUList(hdus).writeto(path, overwrite=True, checksum=checksum)
        return path

    def afw(self, name: str = "afw.fits", **options: Any) -> Path:
        """An LSST-like exposure; the options change one thing each."""
        get = options.pop
        shape = get("shape", (NY, NX))
        image = get("image", pixels(get("seed", 1), shape))
        mask, variance = get("mask", bits(1, shape)), get("variance", np.full(shape, 4.0, "f4"))
        named, exttype, extname = get("planes", PLANES), get("exttype", True), get("extname", False)
        inherit, compressed = get("inherit", True), get("compressed", ())
        xy0, archive, unit = get("xy0", (100, 200)), get("archive", False), get("unit", "adu")
        wcs, primary_cards = get("wcs", wcs_header()), get("primary", {})
        in_primary, checksum = get("in_primary", False), get("checksum", False)
        tables = _archive(get("mean", 100.0), get("constant", True), get("drop", 0))
        assert not options, options
        hdus: list[Any] = [fits.PrimaryHDU()]
        if archive:
            hdus[0].header.update({"AR_HDU": 5})
            hdus[0].header["HIERARCH EXPINFO_V"] = 2
            hdus[0].header["HIERARCH PHOTOCALIB_ID"] = 2
        for role, data in (("IMAGE", image), ("MASK", mask), ("VARIANCE", variance)):
            if data is None:
                continue
            if in_primary and role == "IMAGE":
                hdu: Any = fits.PrimaryHDU(data)
                hdus = [hdu]
            elif role in compressed:
                hdu = fits.CompImageHDU(data, compression_type="GZIP_2", quantize_level=0)
            else:
                hdu = fits.ImageHDU(data)
            hdu.header.update(wcs or {})
            if inherit:
                hdu.header["INHERIT"] = True
            for key, wanted in (("EXTTYPE", exttype), ("EXTNAME", extname)):
                if wanted:
                    hdu.header[key] = role
            if xy0 is not None:
                for axis, origin in zip("12", xy0, strict=True):
                    hdu.header[f"LTV{axis}"] = -float(origin)
                    hdu.header[f"CTYPE{axis}A"] = "LINEAR"
                    hdu.header[f"CRPIX{axis}A"] = 1.0
                    hdu.header[f"CRVAL{axis}A"] = float(origin)
                    hdu.header[f"CUNIT{axis}A"] = "PIXEL"
            if role == "IMAGE" and unit:
                hdu.header["BUNIT"] = unit
            if role == "MASK":
                _name_planes(hdu.header, named)
            if hdu is not hdus[0]:
                hdus.append(hdu)
        hdus[0].header.update(primary_cards)
        return self.save(hdus + (tables if archive else []), name, checksum)

    def plain(
        self,
        name: str = "plain.fits",
        data: np.ndarray | None = None,
        cards: dict[str, Any] | None = None,
        wcs: fits.Header | None = None,
        kind: str = "primary",
        checksum: bool = False,
    ) -> Path:
        """One image; `kind` is primary, extension or compressed."""
        data = pixels() if data is None else data
        if kind == "primary":
            hdus = [fits.PrimaryHDU(data)]
        elif kind == "extension":
            hdus = [fits.PrimaryHDU(), fits.ImageHDU(data)]
        else:
            comp = fits.CompImageHDU(data, compression_type="GZIP_2", quantize_level=0)
            hdus = [fits.PrimaryHDU(), comp]
        hdus[-1].header.update(wcs or {})
        hdus[-1].header.update(cards or {})
        return self.save(hdus, name, checksum)

    def copy(self, path: Path, name: str, data: bytes | None = None) -> Path:
        """A copy with other bytes."""
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes() if data is None else data)
        return target

    def gzipped(self, path: Path, name: str) -> Path:
        target = self.folder / name
        target.write_bytes(gzip.compress(path.read_bytes()))
        return target


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    """A maker of files in the test's own folder."""
    folder = tmp_path / "in"
    folder.mkdir()
    return Maker(folder)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real files, where there is one."""
    where = os.environ.get("BGVIEWER_TEST_DATA")
    if not where:
        pytest.skip("real files are tested only where BGVIEWER_TEST_DATA names their folder")
    return Path(where)
