"""Worlds of the API: who asks, and what there is to read."""
