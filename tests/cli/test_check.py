from __future__ import annotations

import shutil

import pytest

from bgviewer.tasks.diagnostic import STATES


def test_json_holds_everything(run, stack):
    ran = run("check", stack, "--json", "-c", "binSize=32")
    assert ran.code == 0
    found = ran.json
    assert set(found) >= {"reference", "candidates", "overlap", "closures", "stack", "exposures"}
    assert len(found["exposures"]) == 3 and len(found["overlap"]["shared"]) == 4
    keys = [d["key"] for d in found["exposures"][0]["diagnostics"]]
    assert "chi_square" in keys and "faint_light" not in keys
    loss = found["exposures"][0]["flux_loss"]
    assert loss["both_exposures"] == 0.0 and 0 < loss["one_exposure"]["aperture"] < 1.5
    metrics = {(m["of"], m["name"]) for m in found["exposures"][0]["metrics"]}
    assert ("difference", "limiting_surface_brightness") in metrics
    assert "verdict" not in loss["text"] and "one exposure only" in loss["text"]
    assert found["candidates"][0] == found["reference"] == found["closures"][0]["reference"]
    assert {d["state"] for d in found["stack"]} <= set(STATES)
    assert found["config"]["binSize"] == 32


def test_a_pipe_gets_a_table_and_the_reference_is_the_one_named(run, stack):
    name = sorted(stack.iterdir())[2].stem
    ran = run("check", stack, "--reference", name)
    lines = ran.out.splitlines()
    assert lines[0].split("\t")[:3] == ["exposure", "state", "diagnostic"]
    assert all(line.count("\t") == 5 for line in lines)
    assert f"Closure with {name}" in ran.out
    assert not any(line.startswith(name + "\t") for line in lines)
    assert {line.split("\t")[1] for line in lines[1:]} <= {*"✓▲✕≈↑–", ""}


def test_an_exposure_that_cannot_be_read_is_named(run, stack):
    broken = stack / "broken.fits"
    broken.write_bytes(b"SIMPLE  = nonsense")
    ran = run("check", stack)
    assert ran.code == 5 and "broken" in ran.err


@pytest.mark.parametrize("wanted", ["nobody"])
def test_refusals(run, stack, wanted, tmp_path):
    assert run("check", stack, "--reference", wanted).code == 2
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(sorted(stack.iterdir())[0], alone)
    assert run("check", alone).code == 4
    assert run("check", stack, "-c", "usePolynomial=true", "-c", "order=60").code == 2
