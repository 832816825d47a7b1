"""Programs that run beside the platform: PostgreSQL, the Dagster processes, the MLflow server."""
