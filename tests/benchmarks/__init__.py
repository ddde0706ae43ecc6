"""Benchmarks: our time beside a peer's, in the same run.  Not part of the tests."""
