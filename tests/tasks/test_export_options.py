"""Options of an export are declared once: command line, request and files agree."""

from __future__ import annotations

import pytest
from astropy.io import fits

from bgviewer import MatchConfig, load_stack
from bgviewer.cli.arguments import build_parser
from bgviewer.cli.export_options import export_options
from bgviewer.io.choices import COMPRESSIONS, REPORT_FORMATS, SIGNS
from bgviewer.tasks.export import ExportRequest, export
from bgviewer.tasks.export_options import EXPORT_OPTIONS, export_fields
from tests.stacks import write_small_stack


def test_all_values_that_the_writers_know_are_offered():
    assert tuple(EXPORT_OPTIONS["list_sign"].allowed) == tuple(SIGNS)
    assert tuple(EXPORT_OPTIONS["compress"].allowed) == tuple(COMPRESSIONS)
    assert tuple(EXPORT_OPTIONS["report_formats"].allowed) == tuple(REPORT_FORMATS)


def test_defaults_are_those_of_a_request(tmp_path):
    write_small_stack(tmp_path)
    stack = load_stack([tmp_path])
    plain = ExportRequest(stack, MatchConfig(), 0, tmp_path / "out")
    arguments = build_parser("match").parse_args(["x", "-o", "y"])
    for told in (export_fields(), export_options(arguments)):
        assert {name: getattr(plain, name) for name in told} == told


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        (["--background-list"], {"background_list": "add"}),
        (["--background-list", "--list-sign", "subtract"], {"background_list": "subtract"}),
        (["--list-sign", "subtract"], {"background_list": None}),
        (["--compress", "rice"], {"compress": "rice"}),
        (["--no-coefficients"], {"coefficients": False}),
        (["--report-format", "CSV, fits"], {"report_formats": ("csv", "fits")}),
    ],
)
def test_each_flag_sets_its_field(words, fields):
    arguments = build_parser("match").parse_args(["x", "-o", "y", *words])
    assert export_options(arguments) == export_fields() | fields


@pytest.mark.parametrize("wanted", [True, False])
def test_the_table_of_coefficients_is_written_as_wanted(tmp_path, wanted):
    write_small_stack(tmp_path / "in", n_exposures=2)
    stack = load_stack([tmp_path / "in"])
    config = MatchConfig(bin_size=40, use_polynomial=True, order=2)
    out = tmp_path / "out"
    export(ExportRequest(stack, config, 0, out, coefficients=wanted))
    with fits.open(out / "demo_02_background.fits") as hdus:
        assert ("CHEBYSHEV" in hdus) is wanted
