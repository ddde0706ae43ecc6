"""Widgets: they read the session's snapshots and tell it wishes; no numbers are made here."""
