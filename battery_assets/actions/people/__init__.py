"""Accounts, sessions, keys, and the log of what was asked: no web framework, no batteries."""
