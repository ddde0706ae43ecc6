"""Photometric factors that are applied as they are stated, and those that are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bgviewer.errors import BgviewerError
from bgviewer.io.stack import ExposureStack, load_stack


@pytest.mark.parametrize("factors", [(1.0, 2.0, 0.8), (1.0, 2.0), (1.0, 4.0, 2.0), (1.0, 1.0)])
def test_flxscale_is_applied_as_it_stands(make, factors):
    for number, factor in enumerate(factors):
        cards = {"SOFTNAME": "SWarp", "FLXSCALE": factor, "FLASCALE": 1.0}
        make.plain(f"{number}.resamp.fits", cards=cards)
    stack = load_stack(make.folder)
    assert [entry.scale for entry in stack.entries] == pytest.approx(list(factors))


@pytest.mark.parametrize("factor", [float("nan"), float("inf"), 0.0, -1.0, 1e30, 1e-30])
def test_absurd_factors_multiply_no_pixels(make, factor):
    make.plain("a.fits")
    entry = replace(load_stack(make.folder)[0], scale=factor)
    with pytest.raises(BgviewerError, match="factor"):
        ExposureStack([entry]).read(0)
