"""Worlds of accounts: people who sign in, and keys."""
