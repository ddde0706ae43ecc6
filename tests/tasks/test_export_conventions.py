"""Read, match, write, read: every convention comes back with its planes, side-cars included."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits

from bgviewer import MatchConfig, load_stack
from bgviewer.io.conventions import Choice
from bgviewer.io.read import describe, read
from bgviewer.tasks.export import ExportRequest, export, plan_export
from tests.fuzz_seeds import generated_seeds

_NO_EXPOSURE = ("background_list.fits", "table.fits")
_TO_CHOOSE = ("hst_two_chips.fits", "chips.fits", "rgb.fits", "cube.fits")
SEEDS = [s for s in generated_seeds() if s.name not in _NO_EXPOSURE + _TO_CHOOSE]
CONFIG = MatchConfig(bin_size=10, bad_mask_planes=())


def equal(one, other):
    return (one is None) == (other is None) and (
        one is None or np.array_equal(one, other, equal_nan=True)
    )


def stack_of(seed, tmp_path):
    """Two exposures with the same pixels: reference and science."""
    paths = []
    for number in (1, 2):
        folder = tmp_path / f"in{number}"
        folder.mkdir()
        names = [name.replace("1", str(number)) for name, _ in seed.files]
        for name, (_, data) in zip(names, seed.files, strict=True):
            (folder / name).write_bytes(data)
        paths.append(folder / names[0])
    return load_stack(paths, zero_point="none")


@pytest.mark.parametrize("compress", ["none", "gzip"])
@pytest.mark.parametrize("seed", SEEDS, ids=lambda s: s.name.replace(" ", "_"))
def test_round_trip(seed, compress, tmp_path):
    stack = stack_of(seed, tmp_path)
    request = ExportRequest(stack, CONFIG, 0, tmp_path / "out", compress=compress)
    report = export(request)
    assert [o.status for o in report.outcomes] == ["reference", "matched"], report.outcomes
    assert set(request.directory.iterdir()) == set(report.written)
    for outcome in report.outcomes:
        before, after = read(outcome.path), read(outcome.output)
        added = np.zeros(before.shape, "f4")
        if not outcome.is_reference:
            added = fits.getdata(outcome.background_output, "BGMODEL")
        assert equal(after.image, before.image + added)
        assert equal(after.mask, before.mask) or "lsst_images" in seed.name
        assert equal(after.variance, before.variance)
        old, new = describe(outcome.path), describe(outcome.output)
        assert new.convention == ("afw" if old.convention == "lsst.images" else old.convention)
        for fact in ("unit", "zero_point", "xy0", "has_wcs", "band", "variance_kind"):
            assert getattr(new, fact) == getattr(old, fact), fact
        assert len(new.companions) == len(old.companions)


def test_sidecars_are_planned_and_never_replaced_unasked(tmp_path):
    seed = next(s for s in SEEDS if s.name == "weight")
    request = ExportRequest(stack_of(seed, tmp_path), CONFIG, 0, tmp_path / "out")
    plan = plan_export(request)
    names = {p.name for p in plan.paths}
    assert len([n for n in names if n.endswith(".weight.fits")]) == 2, names
    report = export(request)
    assert set(report.written) == set(plan.paths)
    held = next(p for p in report.written if p.name.endswith(".weight.fits"))
    for path in request.directory.iterdir():
        if path != held:
            path.unlink()
    held.write_bytes(b"mine")
    with pytest.raises(OSError, match="exists already"):
        export(request)
    assert held.read_bytes() == b"mine"
    export(replace(request, overwrite=True))
    assert held.read_bytes() != b"mine"


CHOSEN = {
    "rgb.fits": Choice(hdu=0, layer=1),
    "cube.fits": Choice(hdu=0, layer=4),
    "chips.fits": Choice(hdu=2),
    "hst_two_chips.fits": Choice(hdu=4),
}


@pytest.mark.parametrize("name", CHOSEN)
def test_what_was_chosen_is_what_changes(name, tmp_path):
    (data,) = (seed.files[0][1] for seed in generated_seeds() if seed.name == name)
    paths = [tmp_path / f"{n}.fits" for n in "ab"]
    for path in paths:
        path.write_bytes(data)
    choice = CHOSEN[name]
    stack = load_stack(paths, zero_point="none", choices=dict.fromkeys(paths, choice))
    report = export(ExportRequest(stack, CONFIG, 0, tmp_path / "out", compress="gzip"))
    out = report.outcomes[1].output
    added = fits.getdata(report.outcomes[1].background_output, "BGMODEL")
    assert equal(read(out, choice=choice).image, read(paths[1], choice=choice).image + added)
    with fits.open(paths[1]) as before, fits.open(out) as after:
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            if old.data is None:
                continue
            for layer, plane in enumerate(np.atleast_3d(old.data.T).T):
                if (index, layer) != (choice.hdu, choice.layer or 0):
                    assert equal(np.atleast_3d(new.data.T).T[layer], plane)
