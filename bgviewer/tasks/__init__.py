"""What a user can ask for: frozen request, progress, frozen reply; no windows."""
