"""The report: one file, nothing in it runs, pictures say what the arrays say."""

from __future__ import annotations

import base64
import math
import re
import struct
import zlib
from html.parser import HTMLParser

import numpy as np

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.plan import StackPlan
from bgviewer.tasks.html_report import (
    HtmlReport,
    Table,
    depth_table,
    plan_table,
    render_html,
    settings_table,
)
from bgviewer.tasks.levels import Levels
from bgviewer.tasks.match import MatchOutcome
from bgviewer.tasks.metrics import Metric
from bgviewer.tasks.picture import Picture, make_picture, window_of
from bgviewer.tasks.png import picture_png


def decoded(png: bytes) -> np.ndarray:
    """Decode our own subset of PNG: 8 bit, RGB, no filter."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, data, size = 8, b"", (0, 0)
    while at < len(png):
        length = struct.unpack(">I", png[at : at + 4])[0]
        name, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0] == zlib.crc32(
            name + body
        )
        if name == b"IHDR":
            size = struct.unpack(">II", body[:8])
            assert body[8:] == bytes([8, 2, 0, 0, 0])
        data += body if name == b"IDAT" else b""
        at += 12 + length
    lines = np.frombuffer(zlib.decompress(data), np.uint8).reshape(size[1], 1 + 3 * size[0])
    assert not lines[:, 0].any()
    return lines[:, 1:].reshape(size[1], size[0], 3)


def a_picture(colours: str = "sky") -> Picture:
    values = np.array([[0, 1, 2], [3, 4, np.nan]], np.float32)
    window = window_of(values.shape)
    return make_picture("model", values, window, (0, 0), Levels(0.0, 4.0), colours, unit="adu")


def test_the_png_has_the_first_row_at_the_bottom_and_hatches_missing_values():
    rgb = decoded(picture_png(a_picture()))
    assert rgb.shape == (2, 3, 3)
    assert rgb[1].tolist() == [[0] * 3, [64] * 3, [128] * 3]
    assert rgb[0, :2].tolist() == [[191] * 3, [255] * 3]
    assert rgb[0, 2].tolist() in ([150] * 3, [105] * 3)


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text = ""
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_all_text_is_escaped_and_nothing_is_fetched():
    evil = "<script>alert(1)</script>\"'&<img src=http://x onerror=y>"
    table = Table(evil, (evil,), ((evil,),))
    report = HtmlReport(evil, (evil,), ((evil, a_picture()),), (table,))
    html = render_html(report)
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    assert not {"script", "link", "a", "iframe"} & {tag for tag, _ in reader.tags}
    assert reader.text.count(evil) == 7
    for tag, attributes in reader.tags:
        assert not any(name.startswith("on") for name in attributes), tag
        if tag == "img":
            assert attributes["src"].startswith("data:image/png;base64,")
            decoded(base64.b64decode(attributes["src"].split(",")[1]))
    assert not re.search(r"(src|href)=.?https?:", re.sub(r"&lt;.*?&gt;", "", html))


def test_settings_and_plan_are_told():
    table = settings_table(MatchConfig(bin_size=77))
    row = next(r for r in table.rows if r[0] == "binSize")
    assert row[1] == "77" and row[-1] == "changed"
    assert sum(r[-1] == "changed" for r in table.rows) == 1
    assert plan_table(StackPlan()) == ()
    assert plan_table(StackPlan(frozenset({"b"})))[0].rows == (("b", "excluded", ""),)


def test_depth_stands_with_its_units_where_it_was_measured():
    def outcome(name, *metrics):
        return MatchOutcome(1, name, None, False, "matched", metrics=metrics)

    limit = Metric("limiting_surface_brightness", 28.123, "mag/arcsec2", "difference")
    unknown = Metric("bin_size_angle", math.nan, "arcsec", "settings")
    (table,) = depth_table([outcome("a", limit, unknown), outcome("b")])
    assert table.rows == (("a", "–", "28.12 mag/arcsec2", "–", "–", "–"),)
    assert depth_table([outcome("b")]) == ()
