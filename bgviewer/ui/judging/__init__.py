"""The dock that says how good a match is."""
