from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from bgviewer import MatchConfig, WriteError, load_stack
from bgviewer.engine.progress import Stoppable
from bgviewer.errors import Cancelled, ConfigError
from bgviewer.tasks.export import ExportRequest, ExportStopped, export, plan_export
from tests.io.background_list_twin import image_of
from tests.stacks import write_small_stack

CONFIG = MatchConfig(bin_size=40)
TABLES = {"report.ecsv", "config.toml", "metrics.json"}


@pytest.fixture
def request_(tmp_path):
    write_small_stack(tmp_path / "stack")
    stack = load_stack([tmp_path / "stack"])
    return ExportRequest(stack, CONFIG, 0, tmp_path / "out")


def test_plan_names_every_file_and_touches_nothing(request_):
    plan = plan_export(request_)
    assert [p.name for p in plan.matched.values()] == [
        f"demo_0{i}_matched.fits" for i in range(1, 5)
    ]
    assert set(plan.backgrounds) == {1, 2, 3}
    assert not request_.directory.exists()


def test_plan_follows_the_wishes(request_):
    plan = plan_export(replace(request_, include_reference=False, backgrounds=False))
    assert set(plan.matched) == {1, 2, 3}
    assert plan.backgrounds == {}


def test_report_tells_what_was_written(request_):
    report = export(request_)
    assert report.n_matched == 3
    assert report.n_failed == 0
    assert all(path.is_file() for path in report.written)
    assert set(request_.directory.iterdir()) == set(report.written)


def test_second_export_is_refused_and_changes_nothing(request_):
    export(request_)
    before = {p: p.stat().st_mtime_ns for p in request_.directory.iterdir()}
    with pytest.raises(WriteError, match="exists already"):
        export(request_)
    assert {p: p.stat().st_mtime_ns for p in request_.directory.iterdir()} == before


@pytest.mark.parametrize("jobs", [1, 3])
def test_stopping_leaves_whole_files_or_none(request_, jobs):
    progress = Stoppable()

    def stop_after_two(outcome):
        if outcome.id == 1:
            progress.stop()

    with pytest.raises(ExportStopped) as caught:
        export(request_, progress, on_outcome=stop_after_two, jobs=jobs)
    report = caught.value.report
    # with several at a time the last ones may have been done when the stop was heard
    assert report.stopped and 2 <= report.n_written <= (2 if jobs == 1 else 4)
    names = {p.name for p in request_.directory.iterdir()}
    first_two = {"demo_01_matched.fits", "demo_02_matched.fits", "demo_02_background.fits"}
    assert first_two <= names
    if jobs == 1:
        assert names == first_two | TABLES
    assert names >= TABLES
    table = Table.read(request_.directory / "report.ecsv")
    for name, output, reason in table["name", "output", "reason"].filled("").iterrows():
        assert bool(output) == (f"{name}_matched.fits" in names) == (not reason)
    for path in request_.directory.glob("*.fits"):
        with fits.open(path, checksum=True) as hdus:
            assert all(np.asarray(h.data).size for h in hdus if h.data is not None)


def test_files_do_not_depend_on_the_number_of_jobs(request_, tmp_path):
    export(replace(request_, directory=tmp_path / "one"), jobs=1)
    report = export(replace(request_, directory=tmp_path / "many"), jobs=4)
    assert [o.id for o in report.outcomes] == [0, 1, 2, 3]
    for path in (tmp_path / "one").glob("*.fits"):
        with fits.open(path) as one, fits.open(tmp_path / "many" / path.name) as many:
            for a, b in zip(one, many, strict=True):
                assert (a.data is None) == (b.data is None)
                if a.data is not None:
                    assert np.array_equal(a.data, b.data, equal_nan=a.data.dtype.kind == "f")


def without_time(path):
    """The bytes of a file, the time in its history and what sums over it apart."""
    with fits.open(path) as hdus:
        return [
            (
                [c.image for c in h.header.cards if c.keyword not in ("HISTORY", "CHECKSUM")],
                None if h.data is None else h.data.tobytes(),
            )
            for h in hdus
        ]


def test_files_do_not_depend_on_what_fits_into_memory(request_, tmp_path):
    """Exposures that cannot be kept are read into memory that is used again and again."""
    small = load_stack([tmp_path / "stack"], cache_bytes=1)
    assert not small.fits_in_cache
    export(replace(request_, directory=tmp_path / "kept"), jobs=1)
    report = export(replace(request_, stack=small, directory=tmp_path / "read again"), jobs=2)
    assert report.n_matched == 3
    for path in (tmp_path / "kept").glob("*.fits"):
        assert without_time(path) == without_time(tmp_path / "read again" / path.name)


def test_a_write_that_fails_does_not_stop_the_others(request_, monkeypatch):
    from bgviewer.tasks import export as module

    real = module.write_matched

    def full_disk(source, background, path, cards, **options):
        if path.name == "demo_02_matched.fits":
            raise WriteError(path, "export failed, original untouched: no space left on the device")
        return real(source, background, path, cards, **options)

    monkeypatch.setattr(module, "write_matched", full_disk)
    report = export(request_)
    assert [o.status for o in report.outcomes] == ["reference", "failed", "matched", "matched"]
    assert "no space left" in report.outcomes[1].reason
    assert not (request_.directory / "demo_02_matched.fits").exists()


def test_scaled_exposure_is_written_in_its_own_unit(tmp_path):
    paths = write_small_stack(tmp_path / "stack", n_exposures=2)
    for path, zero_point in zip(paths, (25.0, 26.0), strict=True):
        with fits.open(path, mode="update") as hdus:
            for hdu in hdus:
                hdu.header.pop("BUNIT", None)
            hdus[0].header["MAGZERO"] = zero_point
    stack = load_stack(paths)
    assert stack.zero_point == 25.5
    report = export(ExportRequest(stack, CONFIG, 0, tmp_path / "out"))
    outcome = report.outcomes[1]
    assert outcome.scale == pytest.approx(10 ** (0.4 * -0.5), rel=1e-6)
    written = fits.getdata(outcome.background_output).astype(float)
    model = outcome.model.render().astype(float)
    assert np.allclose(written * outcome.scale, model, rtol=1e-6)
    assert fits.getheader(outcome.output)["BGVSCALE"] == pytest.approx(outcome.scale)


def test_no_exposure_looks_finished_whose_background_failed(request_, monkeypatch):
    from bgviewer.tasks import export as module

    def full_disk(science, background, path, cards, **_options):
        raise WriteError(path, "cannot be written: no space left on the device")

    monkeypatch.setattr(module, "write_background", full_disk)
    report = export(request_)
    assert report.n_failed == 3
    left = {p.name for p in request_.directory.iterdir()}
    assert left == {"demo_01_matched.fits", *TABLES}


def test_stopped_between_exposure_and_background_neither_is_left(request_, monkeypatch):
    from bgviewer.tasks import export as module

    def stopped(science, background, path, cards, **_options):
        raise Cancelled("stopped")

    monkeypatch.setattr(module, "write_background", stopped)
    with pytest.raises(Cancelled):
        export(request_, jobs=1)
    assert {p.name for p in request_.directory.iterdir()} == {
        "demo_01_matched.fits",
        *TABLES,
    }


def test_outcomes_are_told_even_when_the_report_cannot_be_written(request_, monkeypatch):
    from bgviewer.tasks import export as module

    def full_disk(*_args, **_options):
        raise WriteError("report.ecsv", "cannot be written: no space left on the device")

    monkeypatch.setattr(module, "write_report", full_disk)
    report = export(request_)
    assert report.n_matched == 3
    assert "no space left" in report.problem


def test_models_as_lists_and_reports_in_all_formats(request_):
    wish = replace(request_, background_list="subtract", report_formats=("fits", "csv", "ecsv"))
    report = export(wish)
    assert set(request_.directory.iterdir()) == set(report.written)
    names = {p.name for p in report.written}
    assert {"demo_02_skycorr.fits", "report.fits", "report.csv", "report.ecsv"} <= names
    matched = [o for o in report.outcomes if o.status == "matched"]
    table = Table.read(request_.directory / "report.fits")
    for outcome in matched:
        background = fits.getdata(outcome.background_output)
        apart = np.abs(image_of(outcome.background_list) + background).max()
        assert 0 <= apart <= outcome.background_list_difference
        row = table[table["name"] == outcome.name]
        assert row["background_list_difference"] == outcome.background_list_difference


def test_lists_and_coefficients_are_in_the_own_unit(request_):
    """Scaled in memory, exported in what the files have."""
    config = MatchConfig(use_polynomial=True, order=3, bin_size=30)
    stack = load_stack([e.path for e in request_.stack.entries], zero_point=25.0)
    assert stack[1].scale != 1.0
    report = export(replace(request_, stack=stack, config=config, background_list="add"))
    outcome = report.outcomes[1]
    background = fits.getdata(outcome.background_output)
    largest = np.abs(background).max()
    assert np.abs(image_of(outcome.background_list) - background).max() <= 2.5e-7 * largest
    with fits.open(outcome.background_output, checksum=True) as hdus:
        table = hdus["CHEBYSHEV"]
        ny, nx = background.shape
        assert [table.header[n] for n in ("ORDER", "DOMAINX", "DOMAINY")] == [3, nx, ny]
        y, x = ((2 * np.arange(n) + 1 - n) / n for n in (ny, nx))
        square = np.zeros((4, 4))
        square[table.data["Y_DEGREE"], table.data["X_DEGREE"]] = table.data["COEFFICIENT"]
        sum_ = np.polynomial.chebyshev.chebgrid2d(y, x, square)
    assert np.abs(sum_ - background).max() <= 2.5e-7 * largest


@pytest.mark.parametrize("wish", [{"background_list": "both"}, {"report_formats": ("xls",)}])
def test_unknown_wishes_are_refused(request_, wish):
    with pytest.raises(ConfigError, match="known are"):
        replace(request_, **wish)
