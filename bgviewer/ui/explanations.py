"""What's This for the parts of the window that no option declares: what it is, and an example."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from PyQt6.QtCore import QChildEvent, QCoreApplication, QEvent, QObject
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QTabBar, QWidget

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["explain_window"]


def tr(text: str) -> str:
    """Translate a text of this module."""
    return QCoreApplication.translate("Explanations", text)


def explain_window(window: MainWindow) -> None:
    """Give every part of the window its What's This and, where it has no text, a name."""
    for part, text in (*_centre(window), *_exposures(window), *_parameters(window)):
        _give(part, text)
    for part, text in (*_judging(window), *_bars(window)):
        _give(part, text)
    for dock in window.docks.all():
        _give(dock, tr(_DOCKS.get(dock.objectName(), "")) or escape(dock.windowTitle()))
    for tabs in window.findChildren(QTabBar):
        _explain_tabs(tabs)
    window.installEventFilter(_LateTabs(window))
    for name, action in window.actions_.items():
        _explain_action(action, _ACTIONS.get(name, ""))


def _give(part: QWidget, text: str) -> None:
    if not part.whatsThis():
        part.setWhatsThis(f"<p>{text}</p>")


def _explain_tabs(tabs: QTabBar) -> None:
    if not tabs.accessibleName():
        tabs.setAccessibleName(tr("Tabs"))
    _give(tabs, tr("Parts that share this place: a click, or an arrow key, brings one in front."))


class _LateTabs(QObject):
    """Explains the tabs that Qt makes when docks come to share a place."""

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Look at every new child."""
        if isinstance(event, QChildEvent) and event.type() == QEvent.Type.ChildPolished:
            child = event.child()
            if isinstance(child, QTabBar):
                _explain_tabs(child)
        return super().eventFilter(watched, event)


def _explain_action(action: QAction, example: str) -> None:
    title = escape(action.text().replace("&", "").rstrip("…"))
    tip = escape(action.toolTip())
    more = f"<p><i>{tr(example)}</i></p>" if example else ""
    action.setWhatsThis(f"<p><b>{title}</b></p><p>{tip}</p>{more}")


Texts = list[tuple[QWidget, str]]


def _centre(window: MainWindow) -> Texts:
    panels = window.panels
    panels.model.canvas.setAccessibleName(tr("Image of the model"))
    panels.residuals.canvas.setAccessibleName(tr("Image of the residuals"))
    panels.third.canvas.setAccessibleName(tr("Image of the third view"))
    keys = tr("Wheel: zoom; drag: move; arrows: the cursor by a pixel; F: freeze the read-out.")
    return [
        (
            panels.model,
            tr(
                "The smooth model of reference − science, with the cells that carry it as points. "
                "It is ADDED to the science exposure: where it reads +12, the matched image is 12 "
                "counts brighter than the science exposure was."
            )
            + f"</p><p>{keys}",
        ),
        (
            panels.residuals,
            tr(
                "What each bin of the difference is above (red) or below (blue) the model. Noise "
                "without a pattern is good; a red stripe 200 pixels wide asks for smaller bins or "
                "a higher order. A click on a bin inspects it."
            )
            + f"</p><p>{keys}",
        ),
        (
            panels.third.chooser,
            tr(
                "What the third panel shows. Reference − matched, for example, shows what is left "
                "of the sky's difference after the match, stars and all."
            ),
        ),
        (
            panels.third,
            tr(
                "Another view of the pair or of the whole stack, chosen in its title; the keys 1 "
                "to 9 choose too."
            )
            + f"</p><p>{keys}",
        ),
        (panels.figures, tr("The figures of the match; each says on hover what it means.")),
        (
            window.empty,
            tr(
                "Ways to bring in exposures of one field on one pixel grid: open a folder of 20 "
                "warps, for example, and the one with the lowest cost becomes the reference."
            ),
        ),
        (
            window.notices,
            tr(
                "What just happened, or why it could not. After Match all it may say that 1 of 24 "
                "failed; Retry failed then matches that one again."
            ),
        ),
        (
            window.first_steps,
            tr("Three hints on the way from a stack to matched exposures; Help brings them back."),
        ),
    ]


def _exposures(window: MainWindow) -> Texts:
    panel = window.stack_panel
    return [
        (
            panel.table,
            tr(
                "All exposures with their cost as a reference and the figures of their match. The "
                "selected row is shown in the panels: select the one with MSE/var 1.4 to see why "
                "it is above the others. A click on a heading sorts."
            ),
        ),
        (
            panel.reference_button,
            tr(
                "Matches all others to the selected exposure from now on; choose one without "
                "moonlight, for example, although a brighter one has the lower cost."
            ),
        ),
        (
            panel.notes,
            tr(
                "How sure the choice of the reference is, and why the selected exposure lost: "
                "'wins in 91 % of random weights' means that other weights hardly change it."
            ),
        ),
        (
            window.stack_dock,
            tr(
                "The stack: its exposures ranked as references, and the weights of the ranking. "
                "With the weight of coverage at 1 and the others at 0, the fullest exposure wins."
            ),
        ),
    ]


def _parameters(window: MainWindow) -> Texts:
    panel = window.config_panel
    found: Texts = []
    rows = [*panel.rows.values(), *window.acceptance.rows.values(), *window.detection.rows.values()]
    for row in rows:
        name = row.option.lsst_name
        found.append(
            (
                row.reset,
                tr(
                    "Sets {} back to its default; shown only where it differs, undone by Ctrl+Z."
                ).format(escape(name)),
            )
        )
    return [
        *found,
        (
            window.detection.detect,
            tr(
                "Finds sources in the exposures that bring no DETECTED plane and flags them. With "
                "threshold 3, minimum area 5 and growth 4 a faint star loses a square of 12 pixels."
            ),
        ),
        (
            window.detection.remove,
            tr(
                "Takes the detected sources back: the plane is gone, no file has changed. Ctrl+Z "
                "brings it back."
            ),
        ),
        (
            panel.corrections,
            tr(
                "Opens options that LSST's task does not have. With levelAboveMinimum, for "
                "example, negative sky levels no longer turn the ranking upside down."
            ),
        ),
        (
            window.config_dock,
            tr(
                "The settings of the match, under LSST's names. Each change is matched at once: "
                "halve binSize from 256 to 128 and watch the residuals."
            ),
        ),
    ]


def _judging(window: MainWindow) -> Texts:
    judge, views = window.judge, window.stack_views
    tabs = (
        (
            judge.residuals,
            tr(
                "How the residuals of the bins are spread. An rms twice as large as 1.48 MAD means "
                "a few outliers: bins with an unmasked star or ghost."
            ),
        ),
        (
            judge.pulls,
            tr(
                "Residual / error of each bin, beside the bell curve that pure noise gives. Much "
                "wider than the curve: the model misses structure; narrower: it follows noise."
            ),
        ),
        (
            judge.profiles,
            tr(
                "Row and column through the cursor, smoothed. Where the matched line lies on the "
                "reference, the backgrounds agree."
            ),
        ),
        (
            judge.bin,
            tr(
                "The pixels of the bin that was clicked: a mean far above the median tells of an "
                "unmasked star. Exclude this bin leaves it out; Ctrl+Z takes it back in."
            ),
        ),
        (
            judge.log,
            tr("What was done and said since the window opened; Copy all puts it in a report."),
        ),
    )
    for tab, text in tabs:
        judge.setTabWhatsThis(judge.indexOf(tab), f"<p>{text}</p>")
    return [
        *tabs,
        (
            window.judge_dock,
            tr("Is the match good? A histogram of residuals that is centred on 0 says yes."),
        ),
        (
            views.overview.match_all,
            tr(
                "Matches every exposure with the present settings; its map appears when it is done."
            ),
        ),
        (
            views.overview_dock,
            tr(
                "Small residual maps of all exposures on one scale, worst first: a stripe that is "
                "in all of them comes from the reference."
            ),
        ),
        (
            views.differences_dock,
            tr(
                "In what snapshots A and B differ: keep order 2 as A and order 6 as B, then read "
                "here whether fitRMS fell."
            ),
        ),
    ]


def _bars(window: MainWindow) -> Texts:
    return [
        (
            window.status,
            tr(
                "Left: the values of all images at the cursor's pixel, with its mask planes. "
                "Right: work that goes on: '7 of 24 · about 40 s left'; Stop (Esc) ends it, what "
                "is done stays."
            ),
        ),
        (window.actions_.toolbar, tr("The functions one needs most; the menus have all.")),
    ]


_DOCKS = {
    "regions": "Areas whose pixels are ignored, in one exposure or in all: an ellipse around a "
    "galaxy keeps its halo from being taken for sky. They are drawn on the images.",
}
_ACTIONS = {
    "open": "Choose the 20 warps of one patch; they become one stack.",
    "folder": "All FITS files of a folder become one stack.",
    "demo": "Eight exposures of a made-up field whose true sky is known.",
    "save_session": "Next time the session brings back exposures, settings, regions and reference.",
    "import": "Settings of last night's run, or LSST's matchBackgrounds.py.",
    "export": "Gives one _matched.fits per exposure, the models, report.ecsv and config.toml.",
    "report": "One HTML file with pictures and tables, to send to a colleague.",
    "read_as": "Of a file with nine CCDs, take HDU 3, for this file or all of its instrument.",
    "detect": "At 3 sigma stars and galaxies of plain images no longer pull the bins up.",
    "align": "An exposure 0.4 pixels off is interpolated onto the others' pixels; its file stays.",
    "take_settings": "Last week's matched files bring back binSize 128 and their reference.",
    "match_all": "24 exposures take a minute or so; the table tells which one runs.",
    "retry_failed": "After a network folder came back: the 2 of 24 that failed are matched again.",
    "stop": "What is matched or written already stays.",
    "reference": "The second-best of the ranking may have the flatter sky.",
    "undo": "One drag of a slider is one step.",
    "lock_levels": "Order 2 and order 8 on one scale: the paler residuals are the better ones.",
    "next_area": "F6 twice goes from the table over the images to the parameters.",
    "keep_a": "Keep order 2 as A, set order 6, keep that as B, then press Space.",
    "blink": "What jumps between A and B is what the setting changed.",
    "first_steps": "Ranking, tuning, export: a minute.",
}
