"""The dock that says how far the match, the settings and the stack can be trusted."""
