"""The compiled loops beside NumPy, on every kind of input that reaches them."""

import ctypes
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import bgviewer
from bgviewer.engine import native
from bgviewer.engine.blocks import block_moments
from bgviewer.engine.difference import form_difference
from bgviewer.engine.ordered import ordered_blocks
from tests.loops import computing_with

from .adapters import masked_image
from .stage import STATISTICS, assert_same_result, pair
from .twin_numbers import describe

MASK_TYPES = [np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]
FLOATS = st.floats(width=32, allow_nan=True, allow_infinity=True)
TAME = st.one_of(
    st.floats(-1000, 1000, width=32), st.just(np.nan), st.sampled_from([0.0, -0.0, 5.0])
)


def both(work):
    """What the compiled loops and NumPy give."""
    out = []
    for way in ("compiled", "numpy"):
        with computing_with(way):
            out.append(work())
    return out


def blocks_of(draw, side):
    cuts = draw(st.sets(st.integers(1, side - 1), max_size=4)) if side > 1 else set()
    return np.array([0, *sorted(cuts), side])


@given(st.data())
def test_difference_is_the_same_to_the_bit(data):
    shape = data.draw(st.tuples(st.integers(1, 6), st.integers(1, 40)))
    images = [data.draw(hnp.arrays(np.float32, shape, elements=FLOATS)) for _ in range(2)]
    kinds = [data.draw(st.sampled_from(MASK_TYPES)) for _ in range(2)]
    masks = [data.draw(hnp.arrays(k, shape)) for k in kinds]
    bit = data.draw(st.integers(0, 63))
    first, second = (
        bgviewer.MaskedImage(i, m, planes={"BAD": bit}) for i, m in zip(images, masks, strict=True)
    )
    config = bgviewer.MatchConfig(bad_mask_planes=("BAD",))
    compiled, plain = both(lambda: form_difference(first, second, config))
    assert compiled.values.tobytes() == plain.values.tobytes()
    assert compiled.good_count == plain.good_count == np.isfinite(plain.values).sum()


@given(st.data())
def test_moments_of_blocks_agree(data):
    shape = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 60)))
    image = data.draw(hnp.arrays(np.float32, shape, elements=TAME))
    level = np.float32(data.draw(st.sampled_from([0, 1e4])))
    image = image + level
    edges = [blocks_of(data.draw, side) for side in shape]
    compiled, plain = both(lambda: block_moments(image, *edges))
    np.testing.assert_array_equal(compiled.n, plain.n)
    np.testing.assert_allclose(compiled.mean, plain.mean, rtol=1e-13, atol=1e-9)
    np.testing.assert_allclose(compiled.m2, plain.m2, rtol=1e-9, atol=1e-4)


@given(st.data())
def test_medians_of_blocks_are_the_same_to_the_bit(data):
    shape = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 60)))
    image = data.draw(hnp.arrays(np.float32, shape, elements=TAME))
    edges = [blocks_of(data.draw, side) for side in shape]
    moments = block_moments(image, *edges)
    compiled, plain = both(lambda: ordered_blocks(image, *edges, None, moments))
    np.testing.assert_array_equal(compiled.value, plain.value)


@pytest.mark.parametrize("side", [1, 7, 31, 32, 33, 64, 90, 129, 300])
@pytest.mark.parametrize("kind", ["noise", "steps", "wide", "constant", "sorted", "outliers"])
def test_statistics_of_one_block_are_the_twins(side, kind):
    """Below and above the sizes where the way of selecting changes, on unkind values too."""
    rng = np.random.default_rng(side)
    noise = rng.standard_normal((side, side))
    image = {
        "noise": noise,
        "steps": np.rint(noise * 2),
        "wide": noise * 10.0 ** rng.integers(-30, 30, noise.shape),
        "constant": np.full_like(noise, -3.25),
        "sorted": np.sort(noise.ravel()).reshape(noise.shape),
        "outliers": np.where(rng.random(noise.shape) < 0.02, 1e30, noise),
    }[kind].astype(np.float32)
    image[rng.random(image.shape) < 0.1] = np.nan
    edges = np.array([0, side])
    good = [float(x) for x in image.ravel() if np.isfinite(x)]
    truth = describe(good, 3, 2)
    with computing_with("compiled"):
        moments = block_moments(image, edges, edges)
        median = ordered_blocks(image, edges, edges, None, moments)
        clipped = ordered_blocks(image, edges, edges, (3, 2), moments)
    assert int(moments.n[0, 0]) == len(good)
    np.testing.assert_array_equal(median.value[0, 0], truth.median)
    if kind != "constant":  # which equal values rounding keeps is nobody's business
        np.testing.assert_allclose(clipped.value[0, 0], truth.meanclip, rtol=1e-9, atol=1e-30)
        if kind != "wide":
            np.testing.assert_allclose(clipped.variance[0, 0], truth.varianceclip, rtol=1e-7)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_a_match_agrees_either_way(statistic):
    ref, sci = (masked_image(p) for p in pair(3, (700, 530)))
    config = bgviewer.MatchConfig(bin_size=60, grid_statistic=statistic)
    compiled, plain = both(lambda: bgviewer.match_backgrounds(ref, sci, config))
    np.testing.assert_allclose(compiled.matched.image, plain.matched.image, rtol=3e-7)
    for figure in ("fit_rms", "matched_mse", "diff_im_var"):
        np.testing.assert_allclose(getattr(compiled, figure), getattr(plain, figure), rtol=1e-9)


@pytest.mark.parametrize("threads", [2, 7])
def test_threads_do_not_change_a_bit_of_large_exposures(threads):
    """Large enough for many bands and for the single pass behind diffImVar."""
    ref, sci = (masked_image(p) for p in pair(4, (1030, 1100)))
    config = bgviewer.MatchConfig(bin_size=64, grid_statistic="MEANCLIP")
    one = bgviewer.match_backgrounds(ref, sci, config, threads=1)
    assert_same_result(one, bgviewer.match_backgrounds(ref, sci, config, threads=threads))


def odd(array, how):
    """The same numbers, laid out otherwise in memory."""
    if how == "fortran":
        return np.asfortranarray(array)
    if how == "unaligned":
        raw = np.empty(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
        raw[:] = array
        return raw
    if how == "swapped":
        return array.astype(array.dtype.newbyteorder())
    if how == "part of a larger one":
        large = np.zeros((array.shape[0] + 3, array.shape[1] + 5), array.dtype)
        large[2:-1, 1:-4] = array
        return large[2:-1, 1:-4]
    assert how == "backwards"
    return array[::-1, ::-1].copy()[::-1, ::-1]


@pytest.mark.parametrize(
    "how", ["fortran", "unaligned", "swapped", "part of a larger one", "backwards"]
)
def test_memory_order_does_not_change_a_bit(how):
    planes = pair(5, (300, 280))
    config = bgviewer.MatchConfig(bin_size=64, grid_statistic="MEANCLIP")
    plain = bgviewer.match_backgrounds(*(masked_image(p) for p in planes), config)
    laid = [masked_image({k: odd(v, how) for k, v in p.items()}) for p in planes]
    assert_same_result(plain, bgviewer.match_backgrounds(*laid, config))


def test_compiled_variants_give_the_same_bits():
    """AVX2 and the plain functions of the same library."""
    with computing_with("compiled"):
        best = native.kernels()
        library = ctypes.CDLL(str(native.library_path()))
        if best.variant != "avx2":
            pytest.skip("this processor has no AVX2: there is one variant only")
        plain = native.Kernels(library, "plain")
        ref, sci = (masked_image(p) for p in pair(6, (600, 611)))
        config = bgviewer.MatchConfig(bin_size=50, grid_statistic="MEANCLIP")
        expected = bgviewer.match_backgrounds(ref, sci, config)
        with pytest.MonkeyPatch.context() as patch:
            for module in ("blocks", "difference", "matching", "ordered", "spline"):
                patch.setattr(f"bgviewer.engine.{module}.kernels", lambda: plain)
            assert_same_result(expected, bgviewer.match_backgrounds(ref, sci, config))


def test_a_library_of_another_source_is_not_used(tmp_path):
    """After an update without a new build NumPy computes, rather than yesterday's loops."""
    with computing_with("compiled"):
        built = native.library_path()
    for name, source in (("same", None), ("newer", "/* newer */")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / built.name).write_bytes(built.read_bytes())
        text = source or (built.parent / "kernels.c").read_text(encoding="utf-8")
        (folder / "kernels.c").write_text(text, encoding="utf-8")
    assert native.load(tmp_path / "same") is not None
    assert native.load(tmp_path / "newer") is None
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / built.name).write_bytes(b"not a library")
    assert native.load(broken) is None


def test_a_build_without_any_compiler_says_so(tmp_path):
    script = (
        "import sys; from pathlib import Path\n"
        "from bgviewer.engine.native import build\n"
        "sys.exit(build.build(Path(sys.argv[1])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "library")],
        env={"PATH": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "library").exists()
