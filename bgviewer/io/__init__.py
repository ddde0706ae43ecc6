"""Files only: FITS in and out, settings, reports.  Builds and consumes engine types; no Qt."""
