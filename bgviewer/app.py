"""Composition root: puts the application, the session and the window together.

Qt is imported only inside the functions, so that a missing system library becomes one sentence
with the line that installs it.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PyQt6.QtWidgets import QApplication

    from bgviewer.cli.run import WindowRequest
    from bgviewer.engine.config import MatchConfig
    from bgviewer.engine.plan import StackPlan
    from bgviewer.io.reading import Reading
    from bgviewer.ui.main_window import MainWindow
    from bgviewer.ui.signals import EndSignals

__all__ = [
    "build_window",
    "favour_window",
    "make_application",
    "missing_system_libraries",
    "run",
    "run_screenshot",
    "run_window",
]

_NO_DISPLAY = 3
_GIVE_WAY = 1e-3  # seconds
_NO_INPUT = 4

# What the wheels of PyQt6 need from the system: library -> Debian/Ubuntu package.
_ALWAYS = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libX11.so.6": "libx11-6",
    "libz.so.1": "zlib1g",
}
_ON_X11 = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
_FONT_LINE = "sudo apt-get install -y fonts-dejavu-core"


def run(request: WindowRequest) -> int:
    """Open the window, or draw it into a file, and return the exit code."""
    if request.screenshot is not None:
        return run_screenshot(
            request.screenshot,
            request.paths,
            request.config,
            request.zero_point,
            reference=request.reference,
            plan=request.plan,
            reading=request.reading,
            align=request.align,
        )
    return run_window(
        request.paths,
        request.config,
        request.zero_point,
        reference=request.reference,
        plan=request.plan,
        reading=request.reading,
        align=request.align,
    )


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def missing_system_libraries(loads: Callable[[str], bool] = _loads) -> str | None:
    """Return one sentence with the line that installs what Qt lacks; None = all is there.

    Only Linux is asked; the wheels for other systems bring everything along.
    """
    if not sys.platform.startswith("linux"):
        return None
    needed = dict(_ALWAYS)
    if _platform() == "xcb":
        needed |= _ON_X11
    missing = [package for library, package in needed.items() if not loads(library)]
    if not missing:
        return None
    return (
        "the window needs system libraries that are missing here; install them with: "
        f"sudo apt-get install -y {' '.join(missing)}"
    )


def _platform() -> str:
    """Name of the Qt platform that will be used."""
    wanted = os.environ.get("QT_QPA_PLATFORM", "").split(";")[0].split(":")[0]
    if wanted:
        return wanted
    if os.environ.get("WAYLAND_DISPLAY"):
        return "wayland"
    return "xcb" if os.environ.get("DISPLAY") else "offscreen"


def _prepare(offscreen: bool) -> str | None:
    """Choose the platform; return what is missing."""
    if offscreen and sys.platform.startswith("linux") and "QT_QPA_PLATFORM" not in os.environ:
        # A picture needs no screen; and it shall look the same with and without one.
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    problem = missing_system_libraries()
    if problem is None and _platform() == "xcb":
        problem = unreachable_display()
    if problem is None:
        try:
            import PyQt6.QtWidgets  # noqa: F401
        except ImportError as error:
            problem = f"Qt cannot be loaded here: {error}"
    return problem


def unreachable_display() -> str | None:
    """Return one sentence when no X server answers; Qt itself would end the process."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return None  # Qt says what it lacks
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    failed = xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    if not failed:
        return None
    return (
        f"the display {os.environ.get('DISPLAY', '')!r} cannot be reached. Use bgviewer match, "
        "rank or info, or bgviewer --screenshot FILE PATH..."
    )


def make_application(arguments: Sequence[str] = ()) -> QApplication:
    """Make the application with our style and palette (or dress the one there is)."""
    import pyqtgraph as pg
    from PyQt6.QtGui import QIcon
    from PyQt6.QtWidgets import QApplication

    from bgviewer import resources
    from bgviewer.ui.theme import dress

    pg.setConfigOptions(imageAxisOrder="row-major", antialias=False, useOpenGL=False)
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication([sys.argv[0] or "bgviewer", *arguments])
    app.setOrganizationName("bgviewer")
    app.setApplicationName("bgviewer")
    app.setDesktopFileName("bgviewer")
    app.setStyle("Fusion")
    app.setWindowIcon(QIcon(str(resources.path("icons/bgviewer.svg"))))
    hints = app.styleHints()
    assert hints is not None
    dress(app, hints.colorScheme())
    return app


def build_window(
    config: MatchConfig | None = None,
    zero_point: str | float = "auto",
    plan: StackPlan | None = None,
    reading: Reading | None = None,
) -> MainWindow:
    """Make a session and the window on it."""
    from bgviewer.session.session import Session
    from bgviewer.ui.main_window import MainWindow

    session = Session(config, zero_point)
    if plan is not None:
        session.set_plan(plan)
    if reading is not None:
        session.file_reading.begin_with(reading)
    return MainWindow(session)


def favour_window() -> None:
    """Let the interpreter disturb a drag as little as it can.

    All there is now, modules and widgets, is left out of later collections of garbage: it stays
    anyhow, and going through it would take 50 ms now and then.  A worker that computes in Python
    gives way after one millisecond instead of five.
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(_GIVE_WAY)


def _install_hooks(window: MainWindow) -> Callable[[], None]:
    """Let unexpected exceptions open the bug dialog; return what takes the hooks away again."""
    import threading
    import traceback

    before, before_thread = sys.excepthook, threading.excepthook

    def show(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        if issubclass(kind, KeyboardInterrupt):
            window.close()
            return
        traceback.print_exception(kind, error, trace)
        # Through the signal: from a foreign thread it is queued into the window's.
        window.session.bug_caught.emit(error)

    def show_thread(arguments: Any) -> None:
        if arguments.exc_value is not None:
            show(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)

    sys.excepthook, threading.excepthook = show, show_thread

    def remove() -> None:
        sys.excepthook, threading.excepthook = before, before_thread

    return remove


def run_window(
    paths: Sequence[str],
    config: MatchConfig | None = None,
    zero_point: str | float = "auto",
    *,
    reference: str | None = None,
    plan: StackPlan | None = None,
    reading: Reading | None = None,
    align: bool | str = False,
) -> int:
    """Show the window until it is closed; return the exit code."""
    problem = _prepare(offscreen=False)
    if problem is not None:
        print(f"bgviewer: {problem}", file=sys.stderr)
        return _NO_DISPLAY
    from PyQt6.QtWidgets import QDialog

    from bgviewer.io.remembered import memory_path
    from bgviewer.ui.leaving import ask_person
    from bgviewer.ui.signals import EndSignals

    app = make_application()
    if not _has_fonts():
        _say_no_fonts()
        return _NO_DISPLAY
    window = build_window(config, zero_point, plan, reading)
    window.session.file_reading.align = align
    window.session.file_reading.memory_file = memory_path()
    window.leaving.ask = ask_person
    remove_hooks = _install_hooks(window)
    favour_window()
    with EndSignals() as signals:
        signals.arrived.connect(lambda number: app.exit(signals.exit_code))
        try:
            window.show()
            if paths:
                window.load(list(paths), reference)
            else:
                window.first_steps.offer()
            code = 0 if signals.caught else app.exec()
        finally:
            remove_hooks()
            window.session.close()
            for dialog in window.findChildren(QDialog):  # came up while a signal was on its way
                dialog.close()
        return _ended_by(signals) if signals.caught else code


def run_screenshot(
    path: str,
    paths: Sequence[str],
    config: MatchConfig | None = None,
    zero_point: str | float = "auto",
    size: tuple[int, int] = (1600, 1000),
    *,
    reference: str | None = None,
    plan: StackPlan | None = None,
    dark: bool = False,
    reading: Reading | None = None,
    align: bool | str = False,
) -> int:
    """Load, wait for the first match, save a picture of the window; return the exit code."""
    problem = _prepare(offscreen=True)
    if problem is not None:
        print(f"bgviewer: {problem}", file=sys.stderr)
        return _NO_DISPLAY
    from bgviewer.ui.screenshot import take_screenshot
    from bgviewer.ui.signals import EndSignals

    app = make_application()
    if not _has_fonts():
        _say_no_fonts()
        return _NO_DISPLAY
    window = build_window(config, zero_point, plan, reading)
    window.session.file_reading.align = align
    with EndSignals() as signals:
        signals.arrived.connect(lambda number: app.exit(signals.exit_code))
        try:
            code = take_screenshot(app, window, path, list(paths), size, reference, dark)
        finally:
            window.session.close()
        return _ended_by(signals) if signals.caught else code


def _ended_by(signals: EndSignals) -> int:
    """Say which signal ended the window; running work was stopped, its files are undone."""
    print(f"bgviewer: stopped by {signals.name}", file=sys.stderr)
    return signals.exit_code


def _say_no_fonts() -> None:
    print(
        "bgviewer: there are no fonts, so the window would be without text; install some "
        f"with: {_FONT_LINE}",
        file=sys.stderr,
    )


def _has_fonts() -> bool:
    """Whether there is any font: without one Qt names families all the same and draws boxes."""
    try:
        fontconfig = ctypes.CDLL("libfontconfig.so.1")
    except OSError:
        return True  # not a system whose fonts are asked for this way
    fontconfig.FcInitLoadConfigAndFonts.restype = ctypes.c_void_p
    fontconfig.FcConfigGetFonts.argtypes = [ctypes.c_void_p, ctypes.c_int]
    fontconfig.FcConfigGetFonts.restype = ctypes.POINTER(ctypes.c_int)
    fontconfig.FcConfigDestroy.argtypes = [ctypes.c_void_p]
    config = fontconfig.FcInitLoadConfigAndFonts()
    fonts = fontconfig.FcConfigGetFonts(config, 0)  # a struct that begins with their number
    found = bool(fonts) and fonts[0] > 0
    fontconfig.FcConfigDestroy(config)
    return found
