"""The dock that tries many settings and says which are right."""
