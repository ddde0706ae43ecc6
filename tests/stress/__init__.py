"""Long trials that are no part of the quick suite: ``python -m tests.stress.screenshots``."""
