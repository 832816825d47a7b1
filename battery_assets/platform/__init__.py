"""How it is run and kept: Dagster, PostgreSQL, the lake, MLflow, Great Expectations. Knows no batteries."""
