"""Where the platform runs: the one place that reads the environment."""

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from battery_assets.errors import SettingsError, UserError
from battery_assets.hosting.database_urls import (
    DatabaseUrls,
    embedded_urls,
    parsed_database_url,
    server_urls,
    tracking_server,
)
from battery_assets.hosting.workers.addresses import broker_url, runs_at_once

MAIL_FROM = "battery-assets@localhost"
MAIL_SCHEMES = ("smtp", "smtp+starttls", "smtps")
PACKAGE = Path(__file__).resolve().parent

VARIABLES = {
    "BATTERY_HOME": "folder of everything the platform keeps",
    "BATTERY_DATABASE_URL": "PostgreSQL to use instead of the embedded one",
    "BATTERY_LAKE_URL": "folder or s3:// address of the Delta lake",
    "BATTERY_LANDING": "folder or s3:// address where exports arrive",
    "BATTERY_ARTIFACTS_URL": "folder or s3:// address of MLflow's artifacts",
    "BATTERY_TRACKING_URI": "http(s):// address of an MLflow server to use instead of its database",
    "BATTERY_WEB_PORT": "port of the Dagster pages, 0 for any free one",
    "BATTERY_MLFLOW_PORT": "port of the MLflow pages, 0 for any free one",
    "BATTERY_API_PORT": "port of the API and the console, 0 for any free one",
    "BATTERY_WEB_HOSTS": "names by which a proxy is asked for the pages, with commas",
    "BATTERY_SMTP_URL": "mail server, as in smtp+starttls://name:password@host:587; none: no mail goes",
    "BATTERY_MAIL_FROM": "address that mail comes from",
    "BATTERY_TIME_ZONE": "zone whose six o'clock sends digests, as in Asia/Bangkok",
    "BATTERY_BROKER_URL": "amqp:// address of the broker that hands runs to workers; none: no workers",
    "BATTERY_RUNS_AT_ONCE": "runs that work at the same time, on all machines together",
    "BATTERY_PODS_FILE": "file that says how a run becomes a Kubernetes Job; none: workers carry out all",
    "BATTERY_KEEP_LOG_DAYS": "days that logs of requests and of Dagster's ended runs are kept, 0 for ever",
}
# Said by `variables` for the code location, and worked out anew wherever the settings are read.
DERIVED = ("BATTERY_WAREHOUSE_URL",)
S3_VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ALLOW_HTTP",
)
SECRET_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


@dataclass(frozen=True)
class Settings:
    """Every value of the environment that the platform obeys; secrets stay out of its repr.

    `lake_url`, `landing` and `artifacts_url` are absolute folders or s3:// addresses. `database_url` is None
    where the embedded PostgreSQL serves. `storage_options` are what polars and deltalake take for s3://.
    """

    home: Path
    lake_url: str
    landing: str
    artifacts_url: str
    web_port: int = 3000
    mlflow_port: int = 5000
    api_port: int = 8000
    web_hosts: tuple[str, ...] = ()
    keep_log_days: int = 30
    runs_at_once: int = 2
    pods_file: str = ""
    broker_url: str | None = field(default=None, repr=False)
    smtp_url: str | None = field(default=None, repr=False)
    mail_from: str = MAIL_FROM
    time_zone: str = "UTC"
    database_url: str | None = field(default=None, repr=False)
    tracking_uri: str | None = field(default=None, repr=False)
    pg_bin: Path | None = None
    storage_options: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """The settings of this process; SettingsError names key, value and what is allowed."""
        stated = {key: value for key, value in environ.items() if value}
        _refuse_unknown(stated)
        home = _folder("BATTERY_HOME", stated.get("BATTERY_HOME") or _default_home(stated))
        database_url = stated.get("BATTERY_DATABASE_URL")
        if database_url is not None:
            parsed_database_url(database_url)
        pg_bin = stated.get("PG_BIN")
        return cls(
            home=Path(home),
            lake_url=_store(stated, "BATTERY_LAKE_URL", f"{home}/lake"),
            landing=_store(stated, "BATTERY_LANDING", f"{home}/landing"),
            artifacts_url=_store(stated, "BATTERY_ARTIFACTS_URL", f"{home}/mlflow"),
            web_port=_port(stated, "BATTERY_WEB_PORT", 3000),
            mlflow_port=_port(stated, "BATTERY_MLFLOW_PORT", 5000),
            api_port=_port(stated, "BATTERY_API_PORT", 8000),
            web_hosts=_hosts(stated, "BATTERY_WEB_HOSTS"),
            keep_log_days=_days(stated, "BATTERY_KEEP_LOG_DAYS", 30),
            runs_at_once=runs_at_once(stated),
            broker_url=broker_url(stated),
            pods_file=stated.get("BATTERY_PODS_FILE", ""),
            smtp_url=_mail_server(stated, "BATTERY_SMTP_URL"),
            mail_from=_sender(stated, "BATTERY_MAIL_FROM"),
            time_zone=_zone(stated, "BATTERY_TIME_ZONE"),
            database_url=database_url,
            tracking_uri=tracking_server(stated),
            pg_bin=_binaries(pg_bin) if pg_bin else None,
            storage_options=_storage_options(stated),
        )

    @property
    def dagster_home(self) -> Path:
        """DAGSTER_HOME of everything that `up` and `demo` start."""
        return self.home / "dagster"

    @property
    def logs(self) -> Path:
        """Folder of the services' logs."""
        return self.home / "logs"

    def database_urls(self) -> DatabaseUrls:
        """Addresses of the three databases; UserError where the embedded one was never started."""
        if self.database_url is not None:
            return server_urls(self.database_url)
        urls = embedded_urls(self.home)
        if urls is None:
            raise UserError(
                f"the embedded database of {self.home} has not been made yet",
                "run `battery-assets migrate` (or `up`, or `demo`), which start it",
            )
        return urls

    @property
    def warehouse_url(self) -> str:
        """SQLAlchemy address of the warehouse (psycopg 3)."""
        return self.database_urls().warehouse

    @property
    def mlflow_url(self) -> str:
        """SQLAlchemy address of MLflow's store (psycopg2)."""
        return self.database_urls().mlflow

    @property
    def mlflow_tracking_uri(self) -> str:
        """What mlflow.set_tracking_uri takes: BATTERY_TRACKING_URI, else MLflow's database itself."""
        return self.tracking_uri or self.mlflow_url

    def variables(self) -> dict[str, str]:
        """Environment that the code location and Dagster itself read; it holds the database's password.

        BATTERY_ARTIFACTS_URL is empty where an MLflow server keeps the files, as it has a place of its own.
        """
        urls = self.database_urls()
        derived = {key: value for key, value in self.storage_options.items() if key not in SECRET_KEYS}
        return {
            "BATTERY_HOME": str(self.home),
            "BATTERY_LAKE_URL": self.lake_url,
            "BATTERY_LANDING": self.landing,
            "BATTERY_KEEP_LOG_DAYS": str(self.keep_log_days),
            "BATTERY_BROKER_URL": self.broker_url or "",
            "BATTERY_PODS_FILE": self.pods_file,
            "BATTERY_RUNS_AT_ONCE": str(self.runs_at_once),
            "BATTERY_ARTIFACTS_URL": "" if self.tracking_uri else self.artifacts_url,
            "BATTERY_WAREHOUSE_URL": urls.warehouse,
            "BATTERY_TRACKING_URI": self.mlflow_tracking_uri,
            "DAGSTER_HOME": str(self.dagster_home),
            "DAGSTER_PG_URL": urls.dagster,
            **derived,
        }


def is_remote(location: str) -> bool:
    """Whether a store is a bucket rather than a folder."""
    return location.startswith("s3://")


def _default_home(environ: Mapping[str, str]) -> str:
    base = environ.get("XDG_DATA_HOME")
    # The XDG specification says that a relative path is to be ignored.
    folder = Path(base) if base and Path(base).is_absolute() else Path.home() / ".local" / "share"
    return str(folder / "battery_assets")


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    for key in environ:
        ours = key.startswith("BATTERY_") and not key.startswith("BATTERY_TEST_")
        if ours and key not in VARIABLES and key not in DERIVED:
            near = difflib.get_close_matches(key, VARIABLES, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise SettingsError(key, "(set)", f"unknown setting; {hint}known are {', '.join(VARIABLES)}")


def _mail_server(environ: Mapping[str, str], key: str) -> str | None:
    value = environ.get(key)
    if value is None:
        return None
    allowed = "smtp://, smtp+starttls:// or smtps:// with a host, name and password percent-encoded"
    try:
        url = urlsplit(value)
        whole = url.scheme in MAIL_SCHEMES and bool(url.hostname) and url.path in ("", "/") and url.port != 0
    except ValueError:
        whole = False
    if not whole:
        # Not shown: it may hold a password.
        raise SettingsError(key, "(set)", allowed)
    return value


def _sender(environ: Mapping[str, str], key: str) -> str:
    value = environ.get(key, MAIL_FROM)
    if not re.fullmatch(r"[^@\s<>,;]+@[A-Za-z0-9.-]+", value):
        raise SettingsError(key, value, "one address, as in battery@example.org")
    return value


def _store(environ: Mapping[str, str], key: str, default: str) -> str:
    value = environ.get(key, default)
    if is_remote(value):
        if not value.removeprefix("s3://").strip("/"):
            raise SettingsError(key, value, "an s3:// address needs a bucket, as in s3://bucket/prefix")
        return value.rstrip("/")
    if "://" in value:
        raise SettingsError(key, value, "an absolute folder or an s3://bucket/prefix address")
    return _folder(key, value)


def _folder(key: str, value: str) -> str:
    path = Path(value)
    if not path.is_absolute():
        raise SettingsError(key, value, "the path must be absolute")
    path = Path(os.path.normpath(path))
    project = PACKAGE.parent if (PACKAGE.parent / "pyproject.toml").is_file() else PACKAGE
    if path.resolve().is_relative_to(project):
        raise SettingsError(key, value, f"the folder must lie outside the program's own folder {project}")
    existing = path
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise SettingsError(key, value, f"{existing} must be a folder")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise SettingsError(key, value, f"{existing} must be writable by this user")
    return str(path)


def _port(environ: Mapping[str, str], key: str, default: int) -> int:
    text = environ.get(key, str(default))
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise SettingsError(key, text, "a port number from 1 to 65535, or 0 for any free port")
    return int(text)


def _hosts(environ: Mapping[str, str], key: str) -> tuple[str, ...]:
    names = tuple(name.strip().lower() for name in environ.get(key, "").split(",") if name.strip())
    for name in names:
        if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", name):
            raise SettingsError(key, name, "names of hosts without port or scheme, as battery.example.org")
    return names


def _days(environ: Mapping[str, str], key: str, default: int) -> int:
    text = environ.get(key, str(default))
    if not (text.isascii() and text.isdigit() and int(text) <= 36500):
        raise SettingsError(key, text, "a number of days from 1 to 36500, or 0 for ever")
    return int(text)


def _zone(environ: Mapping[str, str], key: str) -> str:
    if environ.get(key, "UTC") not in available_timezones():
        raise SettingsError(key, environ[key], "a name of the IANA database, such as Asia/Bangkok")
    return environ.get(key, "UTC")


def _binaries(value: str) -> Path:
    path = Path(value)
    if not path.is_absolute() or not (path / "initdb").is_file():
        raise SettingsError("PG_BIN", value, "an absolute folder that holds initdb and postgres")
    return path


def _storage_options(environ: Mapping[str, str]) -> dict[str, str]:
    options = {key: environ[key] for key in S3_VARIABLES if key in environ}
    if "AWS_REGION" not in options and "AWS_DEFAULT_REGION" in environ:
        options["AWS_REGION"] = environ["AWS_DEFAULT_REGION"]
    missing = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} - options.keys()
    if len(missing) == 1:
        raise SettingsError(missing.pop(), "", "the access key id and its secret are set together")
    endpoint = options.get("AWS_ENDPOINT_URL", "https://")
    if not endpoint.startswith(("http://", "https://")):
        raise SettingsError("AWS_ENDPOINT_URL", endpoint, "an address that begins with http:// or https://")
    if endpoint.startswith("http://"):
        # Whoever writes http:// has decided; object_store asks for it a second time.
        options.setdefault("AWS_ALLOW_HTTP", "true")
    return options
