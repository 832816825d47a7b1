"""The HTTP API: routes over `actions`, and what every answer has in common."""
