"""The console: pages that answer what Dagster's and MLflow's do not; each works without a script."""
