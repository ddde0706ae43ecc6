"""Read, match, write, read: variations of the conventions keep planes, headers and recognition."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from bgviewer import MatchConfig, load_stack
from bgviewer.io.layout import FitsFile, card_values
from bgviewer.io.provenance import keywords
from bgviewer.io.read import describe, read
from bgviewer.tasks.export import ExportRequest, export
from tests.io.conventions.lookalikes import LOOKALIKES
from tests.io.conventions.test_lookalikes import EXPOSURES
from tests.io.conventions.variants import VARIANTS
from tests.io.test_write import fitsverify

MAKERS = {name: v.make for name, v in VARIANTS.items()} | {n: LOOKALIKES[n] for n in EXPOSURES}
CONFIG = MatchConfig(bin_size=10, bad_mask_planes=())
_CUT = ("DATAMODL", "FMTVER", "INDXADDR", "INDXSIZE", "JSONADDR", "JSONSIZE")
_PIXELS = {"BITPIX", "BSCALE", "BZERO", "BLANK", "DATAMIN", "DATAMAX", "CHECKSUM", "DATASUM"}
_PIXELS |= {"XTENSION", "PCOUNT", "GCOUNT", "HISTORY", "BSOFTEN", "BOFFSET", "ZHECKSUM", "ZDATASUM"}


def cards(hdu):
    """The cards that have nothing to do with how numbers are stored, without ours."""
    header = hdu.header
    if hdu.is_compressed:
        header = fits.Header(
            [c for c in header.cards if not c.keyword.startswith(("Z", "T", "NAXIS"))]
        )
    unwanted = _PIXELS | set(keywords()) | set(_CUT)
    found = [(k, v) for k, v in card_values(header) if k not in unwanted]
    return [(k, v) for k, v in found if not k.startswith("NAXIS") and v != "COMPRESSED_IMAGE"]


@pytest.fixture(params=MAKERS)
def exported(request, tmp_path):
    paths = []
    for number in (1, 2):
        folder = tmp_path / f"in{number}"
        folder.mkdir()
        paths.append(MAKERS[request.param](folder))
    stack = load_stack(paths, zero_point="none")
    return export(ExportRequest(stack, CONFIG, 0, tmp_path / "out"))


def test_round_trip(exported):
    assert [o.status for o in exported.outcomes] == ["reference", "matched"]
    for outcome in exported.outcomes:
        before, after = read(outcome.path), read(outcome.output)
        added = np.zeros(before.shape, "f4")
        if not outcome.is_reference:
            added = fits.getdata(outcome.background_output, "BGMODEL")
        np.testing.assert_array_equal(after.image, before.image + added)
        old, new = describe(outcome.path), describe(outcome.output)
        lsst = old.convention == "lsst.images"
        for one, other in ((before.mask, after.mask), (before.variance, after.variance)):
            assert (one is None) == (other is None)
            if one is not None and not (lsst and one is before.mask):
                np.testing.assert_array_equal(one, other)
        # What is linear now is a warp no less than a stack; of DP2's files no index is written.
        assert new.convention == ("afw" if lsst else old.convention)
        for fact in ("unit", "zero_point", "xy0", "has_wcs", "band", "variance_kind"):
            assert getattr(new, fact) == getattr(old, fact), fact
        if not lsst:
            assert dict(new.planes) == dict(old.planes)


def test_headers_stay(exported):
    for outcome in exported.outcomes:
        with FitsFile(outcome.path) as before, FitsFile(outcome.output) as after:
            if describe(outcome.path).convention == "lsst.images":
                continue
            assert len(before.hdus) == len(after.hdus)
            for old, new in zip(before.hdus, after.hdus, strict=True):
                assert cards(new) == cards(old), old.label


def test_what_is_no_image_stays_to_the_byte(exported):
    outcome = exported.outcomes[1]
    planes = read(outcome.path).source.planes
    if planes.convention == "lsst.images":
        return
    with FitsFile(outcome.path) as before, FitsFile(outcome.output) as after:
        for old, new in zip(before.hdus, after.hdus, strict=True):
            if old.index not in (planes.image, planes.cards_hdu):
                kept = [f.read_bytes(h.start, h.stop) for f, h in ((before, old), (after, new))]
                assert kept[0] == kept[1], old.label


def test_fitsverify(exported):
    for outcome in exported.outcomes:
        before, after = fitsverify(outcome.path), fitsverify(outcome.output)
        assert after[1] == 0
        assert after[0] <= before[0] or before[1] > 0
