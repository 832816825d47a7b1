"""A PostgreSQL server that is not ours."""
