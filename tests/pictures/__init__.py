"""Pictures of the window for README, made by one command from generated exposures."""
