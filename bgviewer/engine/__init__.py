"""Pure numbers: no files, no windows, no globals."""
