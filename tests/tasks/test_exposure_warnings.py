from types import SimpleNamespace

from bgviewer.io.entry import StackEntry
from bgviewer.tasks.exposure_warnings import exposure_warnings, grouped_warnings


def test_headers_pixels_and_stack_are_told_once_each():
    info = SimpleNamespace(warnings=("from the header", "twice"))
    entry = StackEntry(0, "a", None, 0, info=info, warnings=("from the stack",))  # type: ignore[arg-type]
    exposure = SimpleNamespace(source=SimpleNamespace(warnings=("twice", "from the pixels")))
    assert exposure_warnings(entry) == ("from the header", "twice", "from the stack")
    assert exposure_warnings(entry, exposure) == (  # type: ignore[arg-type]
        "from the header", "twice", "from the pixels", "from the stack",
    )  # fmt: skip


def test_equal_warnings_become_one_line():
    told = [(f"e{i}", ["no EXPTIME"]) for i in range(9)] + [("z", ["other"])]
    assert grouped_warnings(told) == [
        "e0, e1, e2 and 6 more exposures: no EXPTIME",
        "z: other",
    ]
