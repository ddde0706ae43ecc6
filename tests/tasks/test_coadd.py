"""The co-add preview against plain NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import bgviewer
from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.progress import Stoppable
from bgviewer.errors import BgviewerError, Cancelled
from bgviewer.io.stack import ExposureStack
from bgviewer.tasks.coadd import CoaddRequest, Member, coadd
from bgviewer.tasks.picture import block_mean, window_of

CONFIG = bgviewer.MatchConfig(bin_size=16, use_polynomial=True, order=1)


@pytest.fixture(scope="module")
def stack():
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:96, :80]
    images = []
    for i in range(5):
        image = rng.normal(10 + i, 0.1, (96, 80)) + 0.05 * i * x - 0.02 * i * y
        image[i * 5 : i * 5 + 10, i * 8 : i * 8 + 12] = np.nan
        images.append(MaskedImage(image.astype(np.float32)))
    return ExposureStack.of(images)


@pytest.fixture(scope="module")
def members(stack):
    outcomes = bgviewer.match_stack(stack, CONFIG, 0)
    return tuple(Member(o.id, o.name, o.model) for o in outcomes)


@pytest.mark.parametrize("statistic", ["mean", "median"])
@pytest.mark.parametrize("count", [1, 2, 4, 5])
@pytest.mark.filterwarnings("ignore:All-NaN slice", "ignore:Mean of empty slice")
def test_before_and_after(stack, members, statistic, count):
    made = coadd(CoaddRequest(stack, members[:count], statistic=statistic, side=64))
    window = made.window
    assert window == window_of((96, 80), None, 64) and window.step == 2
    combine = np.nanmean if statistic == "mean" else np.nanmedian
    before = [block_mean(stack.read(m.exposure).image, window) for m in members[:count]]
    after = [
        b if m.model is None else b + m.model.render(window.rows, window.columns)
        for b, m in zip(before, members, strict=False)
    ]
    if count == 1:
        np.testing.assert_array_equal(made.before, before[0])
        return
    np.testing.assert_allclose(made.before, combine(before, axis=0), rtol=1e-6)
    np.testing.assert_allclose(made.after, combine(after, axis=0), rtol=1e-5)
    assert np.nanstd(made.after) < 0.5 * np.nanstd(made.before), "seams go"
    low, high = made.levels
    assert low.high - low.low == pytest.approx(high.high - high.low)


def test_where_no_exposure_has_a_value_there_is_none(members):
    hole = np.ones((64, 64), np.float32)
    hole[:20] = np.nan
    stack = ExposureStack.of([MaskedImage(hole), MaskedImage(hole.copy())])
    made = coadd(CoaddRequest(stack, (Member(0, "a"), Member(1, "b")), statistic="median"))
    assert np.isnan(made.before[:20]).all() and (made.before[20:] == 1).all()


def test_block_means_are_kept_and_others_read(stack, members):
    first = coadd(CoaddRequest(stack, members[:2], side=64))
    again = coadd(CoaddRequest(stack, members[:3], side=64, blocks=first.blocks))
    assert again.blocks.values[1] is first.blocks.values[1]
    assert set(first.blocks.values) == {0, 1} and set(again.blocks.values) == {0, 1, 2}
    finer = coadd(CoaddRequest(stack, members[:2], side=96, blocks=first.blocks))
    assert finer.window != first.window and finer.before.shape == finer.window.shape


def test_what_cannot_be_read_is_left_out_with_the_reason(members):
    stack = ExposureStack.of([MaskedImage(np.ones((32, 32), np.float32)), None])
    made = coadd(CoaddRequest(stack, (Member(0, "a"), Member(1, "b")), (("c", "excluded"),)))
    assert made.names == ("a",)
    assert [name for name, _ in made.left_out] == ["c", "b"] and all(w for _, w in made.left_out)
    with pytest.raises(BgviewerError, match="nothing to combine"):
        coadd(CoaddRequest(stack, (Member(1, "b"),)))
    with pytest.raises(BgviewerError, match="nothing to combine"):
        coadd(CoaddRequest(stack, ()))


def test_it_can_be_stopped(stack, members):
    progress = Stoppable(lambda fraction, text: None)
    progress.stop()
    with pytest.raises(Cancelled):
        coadd(CoaddRequest(stack, members), progress)


def test_another_window_takes_the_nearest_block(stack, members):
    made = coadd(CoaddRequest(stack, members, side=64))
    part = window_of((96, 80), (10, 30, 20, 50), 64)
    seen = made.over(True, part)
    assert seen.shape == part.shape
    assert seen[0, 0] == made.after[part.y0 // 2, part.x0 // 2]
