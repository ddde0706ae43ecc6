"""Exit codes, documented in the help and the README."""

from __future__ import annotations

ALL_MATCHED = 0
BUG = 1
USAGE = 2
NO_DISPLAY = 3
NO_INPUT = 4
SOME_FAILED = 5
NONE_MATCHED = 6
INTERRUPTED = 130

EXPLAINED = """\
exit codes:
  0    all done, all matched
  1    a bug in bgviewer
  2    wrong usage or configuration, or output that may not be written
  3    no display, or a system library is missing (the line that installs it is printed)
  4    no usable input
  5    some exposures failed, or have a verdict below --fail-unless; the rest is done
  6    no exposure could be matched
  129  stopped by SIGHUP (a closed terminal)
  130  interrupted (Ctrl+C)
  143  stopped by SIGTERM
"""
