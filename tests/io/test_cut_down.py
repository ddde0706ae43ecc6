"""Files of `lsst.images` lose the index that would be wrong, and nothing that is read."""

from __future__ import annotations

import numpy as np
from astropy.io import fits

from bgviewer.engine.config import MatchConfig
from bgviewer.io.provenance import make_cards
from bgviewer.io.read import describe, read
from bgviewer.io.write import write_matched

SHAPE = (20, 30)


def test_what_is_left_is_read_as_lsst_reads_it(tmp_path):
    path, out = tmp_path / "new.fits", tmp_path / "matched.fits"
    rng = np.random.default_rng(1)
    image, mask = rng.normal(5, 1, SHAPE).astype("f4"), rng.integers(0, 4, SHAPE).astype("i4")

    def packed(data, name, **cards):
        hdu = fits.CompImageHDU(data, compression_type="GZIP_2", quantize_level=0, name=name)
        hdu.header.update(cards)
        return hdu

    primary = fits.PrimaryHDU()
    primary.header.update(
        {"DATAMODL": "https://x/visit_image-1.0.0", "FMTVER": 1, "INDXADDR": 5, "JSONADDR": 7}
    )
    names = {"MSKN0000": "BAD", "MSKM0000": 1, "MSKN0001": "SATURATED", "MSKM0001": 2}
    index = fits.BinTableHDU.from_columns([fits.Column("EXTNAME", "8A", array=["IMAGE"])])
    index.name = "INDEX"
    planes = [packed(image, "IMAGE", BUNIT="nJy"), packed(mask, "MASK", **names)]
    planes.append(packed(np.ones(SHAPE, "f4"), "VARIANCE"))
    second = packed(mask, "MASK", MSKN0000="MORE", MSKM0000=1, EXTVER=2)
    fits.HDUList([primary, *planes, second, index]).writeto(path)
    write_matched(path, np.full(SHAPE, 2, "f4"), out, make_cards(MatchConfig()))
    with fits.open(out) as hdus:
        assert [h.name for h in hdus] == ["PRIMARY", "IMAGE", "MASK", "VARIANCE"]
        assert not {"DATAMODL", "FMTVER", "INDXADDR", "JSONADDR"} & set(hdus[0].header)
        assert hdus["MASK"].header["MP_BAD"] == 0
        assert hdus["MASK"].header["MP_SAT"] == 1
        assert all(h.header["INHERIT"] for h in hdus[1:])
    info, exposure = describe(out), read(out)
    assert (info.convention, info.unit) == ("afw", "nJy")
    assert info.zero_point == describe(path).zero_point
    assert np.array_equal(exposure.image, image + np.float32(2))
    assert np.array_equal(exposure.mask & 3, mask)
    assert dict(info.planes) == {"BAD": 0, "SAT": 1}
