"""Every convention is recognised, and its planes mean what its documents say."""

from __future__ import annotations

import numpy as np
import pytest

from bgviewer.engine.config import DEFAULT_BAD_MASK_PLANES
from bgviewer.errors import ChooseError, ReadError, SidecarError
from bgviewer.io.read import describe, read
from bgviewer.tasks.inspect import inspect_file
from tests.io.conftest import NX, NY
from tests.io.conventions.lookalikes import LOOKALIKES

HST_RATE = -2.5 * np.log10(7.8e-20) - 5 * np.log10(5921.0) - 2.408
# convention, kind of uncertainty, variance of a good pixel, zero point, columns of row 5 bad by
# default
EXPOSURES = {
    "afw": ("afw", "variance", 4, 27.5, [0, 1]),
    "lsst_images": ("lsst.images", "variance", 9, 31.40007, [0, 1, 2]),
    "ps1_warp": ("ps1 warp", "variance", 7, 30.0, [0, 1]),
    "ps1_stack": ("ps1 stack", "none", None, 30.0, [0]),
    "noirlab_single": ("noirlab cp", "inverse variance", 4, None, [0, 1]),
    "ztf": ("ztf", "none", None, 26.3, [0, 2]),
    "sdss_frame": ("sdss frame", "none", None, 22.5, []),
    "sdss_fpc": ("sdss fpC", "none", None, 20 + 2.5 * np.log10(2000), [2, 3, 4]),
    "legacy_survey": ("legacy survey", "inverse variance", 0.25, 22.5, [2, 3]),
    "hst_flt": ("hst flt", "sigma", 9, HST_RATE + 2.5 * np.log10(60), [0, 2]),
    "hst_drz": ("hst drz", "unknown", None, HST_RATE, []),
    "jwst_cal": ("jwst cal", "sigma", 4, -6.10 - 2.5 * np.log10(2.8e-13), [0, 2]),
    "jwst_variances": ("jwst cal", "variance", 7, -6.10 - 2.5 * np.log10(2.8e-13), []),
    "jwst_i2d": ("jwst i2d", "sigma", 4, -6.10 - 2.5 * np.log10(2.8e-13), []),
    "swarp": ("swarp", "unknown", None, 30 - 2.5 * np.log10(0.4), []),
    "gemini": ("sci", "variance", 6, None, [0, 1]),
    "sci_err_mask": ("sci", "sigma", 9, None, [0, 1]),
    "ccddata_std": ("ccddata", "sigma", 9, None, [0, 1]),
    "ccddata_bare": ("ccddata", "sigma", 9, None, [0, 1]),
    "ccddata_var": ("ccddata", "variance", 9, None, [0, 1]),
    "ccddata_ivar": ("ccddata", "inverse variance", 8, None, [0, 1]),
    "kbmod": ("unnamed triple", "variance", 9, None, [0, 1]),
    "sci_rms": ("plain", "sigma", 0.25, None, []),
    "bok_weight": ("plain", "unknown", None, None, []),
    "three_files": ("plain", "variance", 4, None, [0, 1]),
    "degenerate": ("plain", "none", None, None, []),
    "siril": ("plain", "none", None, None, []),
    "integers": ("plain", "none", None, None, []),
}
OTHERS = {
    "background_list": SidecarError,
    "noirlab": ChooseError,
    "hst_constant": ChooseError,
    "multi_chip": ChooseError,
    "rgb": ChooseError,
    "cube": ChooseError,
}
# A weight of 0 in the corner.
HOLES = ("legacy_survey", "hst_drz", "jwst_i2d", "swarp", "bok_weight")


def test_every_lookalike_is_asked_about():
    assert set(LOOKALIKES) == set(EXPOSURES) | set(OTHERS)


@pytest.mark.parametrize("name", EXPOSURES)
def test_exposures(tmp_path, name):
    convention, kind, value, zero_point, bad = EXPOSURES[name]
    path = LOOKALIKES[name](tmp_path)
    info, exposure = describe(path), read(path)
    assert info.convention == exposure.source.convention == convention
    assert info.shape == exposure.shape == (NY, NX)
    assert info.variance_kind == kind
    assert dict(info.planes) == exposure.planes
    if value is None:
        assert exposure.variance is None
    else:
        assert exposure.variance[8, 8] == pytest.approx(value)
    if zero_point is None:
        assert info.zero_point is None
    else:
        assert info.zero_point == pytest.approx(zero_point, abs=2e-3)
    flagged = exposure.flagged(DEFAULT_BAD_MASK_PLANES)
    flagged = np.zeros((NY, NX), bool) if flagged is None else flagged
    assert np.flatnonzero(flagged[5]).tolist() == bad
    assert flagged[0, 0] == (name in HOLES)
    assert not flagged[8].any()


@pytest.mark.parametrize("name", EXPOSURES)
def test_ranking_reads_the_same_without_variance(tmp_path, name):
    path = LOOKALIKES[name](tmp_path)
    whole, part = read(path), read(path, variance=False)
    np.testing.assert_array_equal(whole.image, part.image)
    assert part.variance is None
    if whole.mask is not None:
        np.testing.assert_array_equal(whole.mask, part.mask)


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_single_exposure(tmp_path, name):
    path = LOOKALIKES[name](tmp_path)
    for look in (describe, read):
        with pytest.raises(OTHERS[name]) as caught:
            look(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", LOOKALIKES)
def test_info(tmp_path, name):
    record = inspect_file(LOOKALIKES[name](tmp_path))
    if name in EXPOSURES:
        assert (record["outcome"], record["error"]) == ("exposure", None)
        assert record["shape"] == [NY, NX]
        assert record["variance_kind"] == EXPOSURES[name][1]
    elif OTHERS[name] is ChooseError:
        assert record["outcome"] == "choose"
        assert len(record["choices"]) > 1
        assert {"hdu", "plane", "name", "shape", "text"} == set(record["choices"][0])
        assert record["choices"][0]["shape"] == [NY, NX]
    else:
        assert record["outcome"] == "sidecar"


@pytest.mark.parametrize("name", LOOKALIKES)
def test_side_cars_are_no_exposures(tmp_path, name):
    path = LOOKALIKES[name](tmp_path)
    for other in tmp_path.iterdir():
        if other != path:
            with pytest.raises(SidecarError):
                describe(other)


@pytest.mark.parametrize("name", LOOKALIKES)
def test_a_cut_file_is_an_error_or_says_so(tmp_path, name):
    path = LOOKALIKES[name](tmp_path)
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 5760 * 2880 + 100])  # inside a header or pixels
    try:
        exposure = read(path)
    except ReadError as exc:
        assert exc.id.startswith("E_")
    else:
        assert exposure.source.warnings
