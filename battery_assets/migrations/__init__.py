"""Alembic migrations of the warehouse database."""
