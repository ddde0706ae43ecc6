"""A stack that was matched before is known as such."""

from __future__ import annotations

from bgviewer import MatchConfig, load_stack
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.regions import Region
from bgviewer.io.recorded import RecordedSettings
from bgviewer.tasks.earlier_matches import (
    EarlierMatch,
    earlier_matches,
    earlier_settings,
    second_match_question,
)
from bgviewer.tasks.export import ExportRequest, export
from tests.stacks import write_small_stack


def test_matched_exposures_are_found_and_references_are_not(tmp_path):
    write_small_stack(tmp_path / "in")
    stack = load_stack([tmp_path / "in"])
    assert earlier_matches(stack) == ()
    export(ExportRequest(stack, MatchConfig(bin_size=40), 0, tmp_path / "out"))
    again = load_stack(sorted((tmp_path / "out").glob("*_matched.fits")))
    found = earlier_matches(again, {"demo_03_matched"})
    assert [match.name for match in found] == ["demo_02_matched", "demo_04_matched"]
    assert [again[match.id].name for match in found] == [match.name for match in found]
    question = second_match_question(found)
    assert question.startswith("demo_02_matched and 1 more: matched already to demo_01.fits by")


def test_the_settings_of_most_are_shared_and_others_are_their_own(tmp_path):
    paths = write_small_stack(tmp_path / "in", n_exposures=5)
    region = Region("box", (30.0, 30.0, 20.0, 10.0, 5.0), None)
    alone = Region("ellipse", (50.0, 40.0, 9.0, 7.0, 0.0), "demo_02")
    plan = StackPlan(regions=(region, alone), own={"demo_03": {"order": 3}})
    config = MatchConfig(bin_size=20, use_polynomial=True, order=1)
    request = ExportRequest(
        load_stack(paths), config, 0, tmp_path / "out", plan=plan, zero_point=26.5
    )
    export(request)
    again = load_stack(sorted((tmp_path / "out").glob("*_matched.fits")), zero_point="none")
    found = earlier_settings(earlier_matches(again))
    assert found is not None and found.config == config
    assert found.plan.own == {"demo_03_matched": {"order": 3}}
    shapes = {(r.shape, r.exposure) for r in found.plan.regions}
    assert shapes == {("box", None), ("ellipse", "demo_02_matched")}
    assert (found.reference, found.zero_point) == ("demo_01.fits", 26.5)


def test_without_a_record_there_are_no_settings():
    nothing = RecordedSettings("0.1", "matched", None)
    assert earlier_settings([]) is None
    assert earlier_settings([EarlierMatch(0, "x", nothing)]) is None
