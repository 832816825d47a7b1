# One image for every service of docker-compose.yml but PostgreSQL.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    MLFLOW_DISABLE_TELEMETRY=true GX_ANALYTICS_ENABLED=false \
    DAGSTER_HOME=/srv/dagster BATTERY_HOME=/srv/battery

# The folders exist with their owner before a volume is laid over them, so that the volumes are writable.
RUN useradd --create-home --uid 10001 battery \
 && mkdir -p /srv/dagster/storage /srv/battery \
 && chown -R battery:battery /srv/dagster /srv/battery

WORKDIR /opt/battery
COPY constraints.txt pyproject.toml README.md LICENSE dagster.yaml workspace.yaml ./
COPY battery_assets battery_assets
COPY sql sql
RUN pip install -c constraints.txt -e ".[scale]"
COPY dagster.yaml docker/workspace.yaml /srv/dagster/

USER battery
