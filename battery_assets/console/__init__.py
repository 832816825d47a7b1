"""The console: pages that answer what Dagster's and MLflow's do not. Each calls `actions`; none needs a script."""
