"""A report as one HTML file: tables, figures, pictures; nothing in it runs or is fetched."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from bgviewer.engine.config import OPTIONS, MatchConfig
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.sweeping import Chosen
from bgviewer.errors import BgviewerError
from bgviewer.io.text import write_text
from bgviewer.io.units import squared
from bgviewer.tasks.acceptance import LIMITS, AcceptanceLimits, criterion_of
from bgviewer.tasks.exposure_warnings import grouped_warnings
from bgviewer.tasks.match import MatchOutcome
from bgviewer.tasks.picture import Picture
from bgviewer.tasks.png import colour_strip, picture_png
from bgviewer.tasks.show import Figures, Shown, ShowRequest, show

__all__ = [
    "HtmlReport",
    "Table",
    "depth_table",
    "match_report",
    "outcomes_table",
    "plan_table",
    "render_html",
    "settings_table",
    "shown_figures",
    "shown_pictures",
    "sweep_table",
    "warnings_table",
    "write_html",
]

_NONE = "–"
_STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em}
h1{font-size:1.6em}h2{font-size:1.15em;margin-top:2em}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
.wide{overflow-x:auto}th,td{padding:.25em .8em;text-align:left;border-bottom:1px solid #8886}
td.n,th.n{text-align:right}.pictures{display:flex;flex-wrap:wrap;gap:1.5em}
figure{margin:0;max-width:20em}img{width:100%;image-rendering:pixelated;display:block}
.scale{display:flex;gap:.5em;align-items:center;font-size:.85em}.scale img{height:12px}
figcaption{font-size:.9em;margin-bottom:.3em}.muted{opacity:.75}
"""


@dataclass(frozen=True)
class Table:
    """A table of texts; `numeric` columns stand to the right."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True)
class HtmlReport:
    """What a report holds, in the order it is read.

    Attributes
    ----------
    title : str
    lines : tuple of str
        Sentences below the title.
    pictures : tuple of (str, Picture)
        With their captions.
    tables : tuple of Table
    """

    title: str
    lines: tuple[str, ...] = ()
    pictures: tuple[tuple[str, Picture], ...] = ()
    tables: tuple[Table, ...] = ()


def _number(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return _NONE
    return f"{value:.4g}"


def settings_table(config: MatchConfig) -> Table:
    """Return all options with value, unit and default."""
    rows = []
    for opt in OPTIONS.values():
        value = getattr(config, opt.name)
        mark = "" if value == opt.default else "changed"
        rows.append((opt.lsst_name, _word(value), opt.unit, _word(opt.default), mark))
    return Table("Settings", ("Option", "Value", "Unit", "Default", ""), tuple(rows))


def _word(value: object) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def plan_table(plan: StackPlan) -> tuple[Table, ...]:
    """Return what was decided about single exposures; nothing without such."""
    rows = [(name, "excluded", "") for name in sorted(plan.excluded)]
    for region in plan.regions:
        numbers = ", ".join(f"{n:g}" for n in region.numbers)
        what = f"{region.shape} {numbers} px" + (f" ({region.note})" if region.note else "")
        rows.append((region.exposure or "all exposures", "ignored region", what))
    for name in plan.own:
        own = "; ".join(f"{k} = {_word(v)}" for k, v in plan.own_options(name).items())
        rows.append((name, "own settings", own))
    if plan.limited:
        limits = "; ".join(
            f"{opt.lsst_name} = {getattr(plan.acceptance, opt.name):g}" for opt in LIMITS.values()
        )
        rows.append(("all exposures", "acceptance limits", limits))
    if plan.detection is not None:
        made = f"DETECTED made by bgviewer where an exposure brings none: {plan.detection.text}"
        rows.append(("all exposures", "source detection", made))
    head = ("Exposure", "What", "Details")
    return (Table("Decided about single exposures", head, tuple(rows)),) if rows else ()


def outcomes_table(
    outcomes: Iterable[MatchOutcome], unit: str = "", limits: AcceptanceLimits | None = None
) -> Table:
    """Return what became of each exposure."""
    rows = [
        (
            o.name,
            o.status,
            o.verdict or _NONE,
            _number(o.verdict_number),
            _number(o.fit_rms),
            _number(o.matched_mse),
            _number(o.diff_im_var),
            _number(o.ratio),
            _NONE if o.overlap is None else f"{100 * o.overlap:.3g} %",
            criterion.text if (criterion := criterion_of(o, limits)) else _NONE,
            o.reason or "; ".join((*_judged(o), *(a.text for a in o.adjustments))),
        )
        for o in outcomes
    ]
    of, square = (f" [{unit}]", f" [{squared(unit)}]") if unit else ("", "")
    head: tuple[str, ...] = (
        "Exposure",
        "Status",
        "Verdict",
        f"Error{of}",
        f"fitRMS{of}",
        f"matchedMSE{square}",
        f"diffImVar{square}",
    )
    return Table(
        "Exposures",
        (*head, "MSE/var", "Overlap", "LSST's criterion", "Remarks"),
        tuple(rows),
        frozenset(range(3, 9)),
    )


def _judged(outcome: MatchOutcome) -> tuple[str, ...]:
    """Return why a match is not good and what to do; nothing for a good one."""
    judged = outcome.judged
    return () if judged is None or judged.is_good else (f"{judged.reason} {judged.advice}".strip(),)


def sweep_table(
    outcomes: Iterable[MatchOutcome], choices: Mapping[str, Chosen], unit: str = ""
) -> tuple[Table, ...]:
    """Return what a sweep chose for each exposure, and what came next; nothing without one."""
    square = f" [{squared(unit)}]" if unit else ""
    rows = [
        (
            o.name,
            c.setting,
            _number(c.score),
            _number(c.error),
            c.runner_up or _NONE,
            _number(c.runner_up_score),
            c.caution or _NONE,
        )
        for o in outcomes
        if (c := choices.get(o.name)) is not None
    ]
    scores = (f"Held-out score{square}", "±")
    head = ("Exposure", "Setting", *scores, "Runner-up", "Its score", "Caution")
    table = Table("Settings that the sweep chose", head, tuple(rows), frozenset({2, 3, 5}))
    return (table,) if rows else ()


def shown_figures(shown: Shown) -> Table:
    """Return the figures of one match."""
    f = shown.figures
    of, square = f.unit or "", squared(f.unit)
    rows = (
        ("fitRMS", _number(f.fit_rms), of),
        ("matchedMSE", _number(f.matched_mse), square),
        ("diffImVar", _number(f.diff_im_var), square),
        ("matchedMSE / diffImVar", _number(f.ratio), ""),
        ("model", "P-spline" if f.kind == "smooth" else f.kind, ""),
        _shape_of_model(f),
        ("cells used", f"{f.cells_used} of {f.cells_total}", f"{f.grid[0]} × {f.grid[1]}"),
        ("bins used", str(f.bins_used), f"{f.bins_dropped} dropped"),
        ("extrapolated", f"{100 * f.extrapolated:.1f}", "%"),
    )
    pair = _pair(shown)
    return Table(f"Figures of {pair}", ("Figure", "Value", "Unit"), rows, frozenset({1}))


def _shape_of_model(f: Figures) -> tuple[str, str, str]:
    if f.used_smoothing_length is not None:
        how = "px, by REML" if f.smoothing_chosen else "px"
        return "smoothing length", f"{f.used_smoothing_length:.0f}", how
    return "order used", _NONE if f.used_order is None else str(f.used_order), ""


def _pair(shown: Shown) -> str:
    entries = shown.stack.entries
    return f"{entries[shown.science_id].name} → {entries[shown.reference_id].name}"


def shown_pictures(shown: Shown) -> tuple[tuple[str, Picture], ...]:
    """Return the three panels of one match with captions."""
    pair, base = _pair(shown), shown.base
    third = base.third.kind.replace("_", " ")
    return (
        (f"Model of reference − science ({pair})", base.model),
        (f"Residuals of the bins ({pair})", base.residuals),
        (f"{third[:1].upper()}{third[1:]} ({pair})", base.third),
    )


def warnings_table(outcomes: Iterable[MatchOutcome]) -> tuple[Table, ...]:
    """Return what the user is told about exposures, each warning once; nothing without any."""
    lines = grouped_warnings((o.name, o.warnings) for o in outcomes)
    rows = tuple((line,) for line in lines)
    return (Table("Warnings", ("Exposures and what was found",), rows),) if rows else ()


_DEPTH = (
    ("difference", "aperture_sigma_16px", "σ of 16 × 16 pixels"),
    ("difference", "limiting_surface_brightness", "limit of the difference"),
    ("matched", "limiting_surface_brightness", "limit of the matched exposure"),
    ("settings", "bin_size_angle", "bin size"),
    ("settings", "bin_size_over_largest_masked_source", "÷ largest masked source"),
)


def depth_table(outcomes: Iterable[MatchOutcome]) -> tuple[Table, ...]:
    """Return noise of apertures, limiting surface brightness and scales; nothing without any."""
    measured = [o for o in outcomes if o.metrics]
    if not measured:
        return ()

    def cell(outcome: MatchOutcome, of: str, name: str) -> str:
        found = next((m for m in outcome.metrics if (m.of, m.name) == (of, name)), None)
        if found is None or not math.isfinite(found.value):
            return _NONE
        return f"{found.value:.4g} {found.unit}".rstrip()

    rows = tuple((o.name, *(cell(o, of, name) for of, name, _ in _DEPTH)) for o in measured)
    columns = ("Exposure", *(title for _, _, title in _DEPTH))
    heading = "Depth (limits are 3 sigma in 10″ × 10″; metrics.json says more)"
    return (Table(heading, columns, rows, frozenset(range(1, len(columns)))),)


def match_report(
    stack: object,
    outcomes: Sequence[MatchOutcome],
    reference: int,
    config: MatchConfig,
    plan: StackPlan,
    choices: Mapping[str, Chosen] | None = None,
    notes: Sequence[str] = (),
) -> HtmlReport:
    """Return the report of a run over a stack; the worst match is drawn.

    Parameters
    ----------
    stack : ExposureStack
    choices : mapping of str to Chosen, optional
        By the name of the exposure: what a sweep chose.
    notes : sequence of str
        What is known of the stack as a whole.
    """
    matched = [o for o in outcomes if o.status == "matched"]
    failed = sum(o.status == "failed" for o in outcomes)
    name = next(o.name for o in outcomes if o.id == reference)
    lines = [f"Reference: {name}. {len(matched)} matched, {failed} failed.", *notes]
    pictures: tuple[tuple[str, Picture], ...] = ()
    tables: list[Table] = []
    if matched:
        worst = max(matched, key=lambda o: (-1, 0.0) if o.judged is None else o.judged.order)
        own = plan.config_for(worst.name, config)
        try:
            shown = show(ShowRequest(stack, reference, worst.id, own))  # type: ignore[arg-type]
        except BgviewerError as error:
            lines.append(f"{worst.name} cannot be drawn: {error}")
        else:
            lines.append(f"Drawn: {worst.name}, the exposure that matches worst.")
            pictures = shown_pictures(shown)
            tables.append(shown_figures(shown))
    tables = [
        outcomes_table(outcomes, limits=plan.acceptance),
        *warnings_table(outcomes),
        *sweep_table(outcomes, choices or {}),
        *depth_table(outcomes),
        *tables,
        settings_table(config),
        *plan_table(plan),
    ]
    return HtmlReport("Background match", tuple(lines), pictures, tuple(tables))


def render_html(report: HtmlReport) -> str:
    """Return the whole file; every text is escaped."""
    from bgviewer import __version__

    title = escape(report.title)
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>",
        f"<h1>{title}</h1>",
        *(f"<p>{escape(line)}</p>" for line in report.lines),
    ]
    if report.pictures:
        parts.append('<div class="pictures">')
        parts += [_figure(caption, picture) for caption, picture in report.pictures]
        parts.append("</div>")
    parts += [_table(table) for table in report.tables]
    parts.append(f'<p class="muted">Made by bgviewer {escape(__version__)}.</p>')
    parts.append("</body>\n</html>\n")
    return "\n".join(parts)


def _figure(caption: str, picture: Picture) -> str:
    text = escape(caption)
    parts = [f"<figure><figcaption>{text}</figcaption>"]
    parts.append(f'<img src="{_data(picture_png(picture))}" alt="{text}">')
    strip = colour_strip(picture)
    if strip is not None:
        low, high = _number(picture.levels.low), _number(picture.levels.high)
        unit = f" {escape(picture.unit)}" if picture.unit else ""
        image = f'<img src="{_data(strip)}" alt="colour scale">'
        parts.append(f'<div class="scale">{low}{image}{high}{unit}</div>')
    parts.append("</figure>")
    return "".join(parts)


def _data(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _table(table: Table) -> str:
    def row(tag: str, cells: Sequence[str]) -> str:
        out = ""
        for i, cell in enumerate(cells):
            kind = ' class="n"' if i in table.numeric else ""
            out += f"<{tag}{kind}>{escape(cell)}</{tag}>"
        return f"<tr>{out}</tr>"

    body = "\n".join(row("td", cells) for cells in table.rows)
    head = row("th", table.columns)
    return (
        f'<h2>{escape(table.heading)}</h2>\n<div class="wide"><table>\n<thead>{head}</thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def write_html(path: str | Path, report: HtmlReport, overwrite: bool = False) -> Path:
    """Write a report.

    Raises
    ------
    WriteError
        When the file exists (without `overwrite`) or cannot be written.
    """
    return write_text(path, render_html(report), overwrite)
