"""Compare results with golden ones, to the limits of the goldens' README.

What was computed arrives as a plain namespace (made by ``found_by_engine`` or
``found_by_twin``), so that engine and twin are held to the same rules.
"""

from __future__ import annotations

import numpy as np

from .scenes import number


def largest(values):
    """Largest finite magnitude, 0.0 without any."""
    values = np.abs(np.asarray(values, float))
    values = values[np.isfinite(values)]
    return float(values.max()) if values.size else 0.0


def near(name, got, want, limit=0.0):
    """Assert equal shapes, NaN in equal places, equal infinities, and |got - want| <= limit."""
    got, want = np.asarray(got, float), np.asarray(want, float)
    assert got.shape == want.shape, f"{name}: shape {got.shape}, golden {want.shape}"
    finite = np.isfinite(want)
    np.testing.assert_array_equal(got[~finite], want[~finite], err_msg=name)
    assert np.isfinite(got[finite]).all(), f"{name}: not finite where the golden is"
    off = np.abs(got[finite] - want[finite])
    allowed = np.broadcast_to(limit, want.shape)[finite]
    if off.size and (off > allowed).any():
        worst = np.argmax(off - allowed)
        raise AssertionError(f"{name}: off by {off[worst]:.3g}, allowed {allowed[worst]:.3g}")


def cells(found, stored):
    """The grid: at most one float32 step away, centres exact."""
    for name in ("values", "errors"):
        want = stored["stats_value" if name == "values" else "stats_error"]
        assert getattr(found, name).dtype == np.float32
        finite = np.where(np.isfinite(want), want, 0)
        step = np.spacing(np.abs(finite)).astype(float)
        near(f"cells.{name}", getattr(found, name), want, np.maximum(step, 1e-12 * largest(want)))
    near("cells.x", found.x, stored["bin_x"])
    near("cells.y", found.y, stored["bin_y"])


def bins(found, stored):
    """The diagnostic bins: positions exact."""
    near("bins.x", found.bin_x, stored["grid_x"])
    near("bins.y", found.bin_y, stored["grid_y"])
    z, dz = stored["grid_z"], stored["grid_dz"]
    near("bins.values", found.bin_values, z, 1e-10 * largest(z))
    near("bins.errors", found.bin_errors, dz, 1e-6 * np.abs(dz) + 1e-9 * largest(dz))


def match(found, case, stored):
    """One matched pair, with everything the original reported about it."""
    want = case["result"]
    cells(found, stored)
    bins(found, stored)
    assert (len(found.x), len(found.y)) == (want["nx"], want["ny"])
    assert len(found.bin_x) == want["nGrid"]
    assert found.order == want["usedOrder"]
    assert found.weighted == want["usedWeighting"]
    same = {"CUBIC_SPLINE": "NATURAL_SPLINE"}
    style = want["asUsedInterpStyle"]
    assert same.get(found.style, found.style) == same.get(style, style)
    adjusted = bool(case.get("warnings")) or style not in (None, case["config"]["interpStyle"])
    assert bool(found.adjusted) >= adjusted
    variance = number(want["diffImVar"])
    near("diff_im_var", found.diff_im_var, variance, 1e-6 * abs(variance))
    if case["sensitivity"] == "unstable":
        return
    top = max(
        largest(stored["model"]), largest([number(want["modelMin"]), number(want["modelMax"])])
    )
    limit = 2 * case["sensitivity"] + 2.5e-7 * top
    model = found.render(stored["rows"], stored["cols"])
    assert model.dtype == np.float32
    near("model", model, stored["model"], limit)
    near("bins.model", found.bin_model, stored["grid_model"], limit)
    near("fit_rms", found.fit_rms, number(want["fitRMS"]), limit)
    mse = number(want["matchedMSE"])
    allowed = 1e-6 * mse + 2 * np.sqrt(mse) * limit if np.isfinite(mse) else 0.0
    near("matched_mse", found.matched_mse, mse, allowed)
    if found.full is not None:
        whole = found.full()
        assert int(np.isnan(whole).sum()) == want["modelNanCount"]
        if want["modelNanCount"] < whole.size:
            finite = whole[np.isfinite(whole)]
            near(
                "model extremes",
                [finite.min(), finite.max()],
                [number(want["modelMin"]), number(want["modelMax"])],
                limit,
            )


def same_numbers(name, got, want, relative):
    """Scalars or lists equal to a relative limit, NaN in equal places."""
    want = np.asarray([number(v) for v in np.atleast_1d(np.asarray(want, object))])
    near(name, np.atleast_1d(np.asarray(got, float)), want, relative * np.abs(want))
