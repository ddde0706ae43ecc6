"""A stack that was matched before is known as such."""

from __future__ import annotations

from bgviewer import MatchConfig, load_stack
from bgviewer.tasks.earlier_matches import earlier_matches, second_match_question
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
