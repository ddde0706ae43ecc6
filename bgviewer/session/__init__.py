"""The one mutable thing of the running window: state, wishes, and the two lanes of work."""
