"""Worlds of the console: a night at two sites, and who looks at it."""
