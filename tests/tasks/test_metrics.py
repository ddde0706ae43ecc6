"""metrics.json: names, values and units against closed forms."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

import bgviewer
from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.matching import match_backgrounds
from bgviewer.tasks.metrics import (
    CoaddMean,
    Metric,
    image_metrics,
    match_metrics,
    metrics_text,
    sampled_rows,
)
from bgviewer.tasks.photometric_scale import PhotometricScale

SHAPE = (400, 400)
MANUAL = Path(bgviewer.__file__).parents[1] / "resources" / "manual" / "metrics.md"


def noise(sigma, seed):
    return (sigma * np.random.default_rng(seed).standard_normal(SHAPE)).astype(np.float32)


def by_name(metrics, of):
    return {m.name: m for m in metrics if m.of == of}


@pytest.fixture(scope="module")
def result():
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    mask = (np.hypot(x - 100, y - 100) < 16).astype(np.int32)
    reference = MaskedImage(noise(3.0, 1) + 50, mask, planes={"DETECTED": 0})
    wave = (2.0 * np.sin(2 * np.pi * x / 20.0)).astype(np.float32)
    science = MaskedImage(noise(4.0, 2) + 30 + wave)
    return match_backgrounds(
        reference, science, MatchConfig(bin_size=100, use_polynomial=True, order=1)
    )


def test_of_a_match_with_known_noise_and_wave(result):
    found = match_metrics(result, PhotometricScale(25.0, 0.5, "adu"))
    difference = by_name(found, "difference")
    assert difference["aperture_sigma_16px"].value == pytest.approx(5.0 * 16, rel=0.25)
    assert difference["aperture_sigma_16px"].unit == "adu"
    matched = by_name(found, "matched")
    limit = -2.5 * math.log10(3 * matched["pixel_sigma"].value / (0.5 * 10)) + 25.0
    assert matched["limiting_surface_brightness"].value == pytest.approx(limit)
    assert matched["limiting_surface_brightness"].unit == "mag/arcsec2"
    powers = {n: m.value for n, m in difference.items() if n.startswith("residual_rms")}
    # 2 sin has the rms of root 2, less what the mean over tiles of two pixels takes
    assert powers["residual_rms_12_25px"] == pytest.approx(
        math.sqrt(2) * np.sinc(1.56 / 20), rel=0.1
    )
    assert sum(v * v for v in powers.values()) == pytest.approx(2.0, rel=0.3)
    settings = {n: (m.value, m.unit) for n, m in by_name(found, "settings").items()}
    assert settings["bin_size"] == (100.0, "pixel") and settings["bin_size_angle"] == (50, "arcsec")
    assert settings["largest_masked_source"][0] == pytest.approx(32.0, rel=0.03)
    ratio = settings["bin_size_over_largest_masked_source"][0]
    assert ratio == pytest.approx(100 / 32, rel=0.03)


def test_unknown_scales_are_said():
    found = by_name(image_metrics(noise(2.0, 3), "matched", PhotometricScale()), "matched")
    limit = found["limiting_surface_brightness"]
    assert limit.value == pytest.approx(3 * 2.0 / 50, rel=0.03) and limit.unit == "pixel unit/pixel"
    assert "zero point and pixel scale unknown" in limit.note
    some = image_metrics(noise(2.0, 3), "matched", PhotometricScale(25.0, None, "adu"))
    limit = by_name(some, "matched")["limiting_surface_brightness"]
    assert limit.unit == "adu/pixel" and "pixel scale unknown" in limit.note


def test_boxes_see_correlated_noise_that_pixels_do_not():
    smooth = np.kron(noise(2.0, 4)[:200, :200], np.ones((2, 2))).astype(np.float32)
    found = by_name(image_metrics(smooth, "coadd", PhotometricScale(25.0, 1.0)), "coadd")
    # four equal pixels in a row of two by two: the mean has twice the noise
    pixels, boxes = (found[f"limiting_surface_brightness{kind}"].value for kind in ("", "_boxes"))
    assert pixels - boxes == pytest.approx(2.5 * math.log10(2.0), abs=0.12)


def test_the_mean_of_the_stack_is_quieter_by_the_root():
    mean = CoaddMean(SHAPE)
    for seed in range(4):
        values = noise(6.0, 10 + seed)
        values[:50] = np.nan if seed == 0 else values[:50]
        mean.add(values)
    found = by_name(mean.metrics(PhotometricScale(unit="adu")), "coadd")
    assert found["exposures"].value == 4
    assert found["pixel_sigma"].value == pytest.approx(3.0, rel=0.02)
    assert CoaddMean(SHAPE).metrics(PhotometricScale()) == ()
    begun = CoaddMean.of(noise(6.0, 20))
    begun.add(noise(6.0, 21))
    assert by_name(begun.metrics(PhotometricScale()), "coadd")["exposures"].value == 2


def test_large_images_are_sampled_in_bands():
    values = np.arange(6000, dtype=np.float32)[:, None] + np.zeros((1, 4000), np.float32)
    few = sampled_rows(values)
    known = few[np.isfinite(few[:, 0]), 0]
    assert len(known) == 2 * 256 and few.shape == (2 * 256 + 256, 4000)
    assert np.isnan(few[256:512]).all()
    assert known[0] == 1500 - 128 and known[-1] == 4500 + 127
    small = noise(1.0, 1)
    np.testing.assert_array_equal(sampled_rows(small), small)


def test_the_file_is_json_and_every_name_is_in_the_manual(result):
    found = match_metrics(result)
    scale = PhotometricScale(25.0, 0.5, "adu")
    coadd = [Metric("exposures", math.nan, "", "coadd")]
    text = metrics_text("1.2", "ref", {"a": found}, coadd, {"a": scale})
    content = json.loads(text)
    assert content["schema"] == 1 and content["reference"] == "ref"
    (entry,) = content["exposures"]
    assert (entry["name"], entry["zero_point"], entry["pixel_scale"]) == ("a", 25.0, 0.5)
    assert content["coadd"][0]["value"] is None
    manual = MANUAL.read_text(encoding="utf-8")
    for metric in (*entry["metrics"], *content["coadd"]):
        assert set(metric) - {"note"} == {"name", "of", "value", "unit"}
        name = re.sub(r"residual_rms_\d+_\d+px", "residual_rms_LOW_HIGHpx", metric["name"])
        name = re.sub(r"aperture_sigma(_\d+px)", r"\1", name) if "_4px" not in name else name
        assert f"`{name}`" in manual, name
