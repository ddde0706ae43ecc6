"""Labels that have less room than their text needs."""

from __future__ import annotations

from bgviewer.ui.labels import ElidedLabel


def test_the_longest_form_that_fits_is_seen_and_none_is_cut_while_another_fits(qapp):
    label = ElidedLabel()
    forms = ("6 × 6 cells, size ∝ 1/error, 30 % extrapolated", "6 × 6 cells", "6")
    label.set_texts(*forms)
    width = label.fontMetrics().horizontalAdvance
    for form in forms:
        assert label.fitting(width(form)) == form
    assert label.fitting(width(forms[0]) - 1) == forms[1]
    assert label.text() == forms[0], "all of it can still be read out"


def test_without_a_shorter_form_the_end_is_left_out(qapp):
    label = ElidedLabel("a long name of an exposure")
    cut = label.fitting(label.fontMetrics().horizontalAdvance("a long name…"))
    assert cut.endswith("…") and cut[:-1] and label.text().startswith(cut[:-1])
    label.set_texts("long text", "short")
    label.setText("a long name of an exposure")
    assert label.fitting(label.fontMetrics().horizontalAdvance("a long name…")) == cut
