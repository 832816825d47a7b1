"""A RabbitMQ of our own on loopback, of Debian's package: data, name server and ports are the home's.

Erlang's name server (epmd) is a child too: the one that Erlang starts by itself would stay for ever.
"""

import os
import secrets
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

from battery_assets.errors import UserError
from battery_assets.settings import Settings

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
USER = "battery"
# Longer than any run may take (max_runtime_seconds in dagster.yaml): RabbitMQ takes a task back after that.
LONGEST_TASK_MS = 6 * 3600 * 1000


@dataclass(frozen=True)
class Broker:
    """A broker that `up` starts: its folder, its ports on 127.0.0.1, and its password."""

    folder: Path
    port: int
    names_port: int
    between_port: int
    password: str

    @property
    def url(self) -> str:
        """What workers and Dagster are given."""
        return f"amqp://{USER}:{self.password}@127.0.0.1:{self.port}//"


def installed() -> bool:
    """Whether Debian's rabbitmq-server and Erlang's name server are on this machine."""
    return PROGRAM.is_file() and _names_program() is not None


def prepare(settings: Settings) -> Broker:
    """Write the broker's configuration under the home; UserError where RabbitMQ is not installed."""
    if not installed():
        raise UserError(
            "local workers need RabbitMQ, which is not installed",
            "as root: apt-get install --no-install-recommends rabbitmq-server; or set BATTERY_BROKER_URL to "
            "the address of a broker",
        )
    folder = settings.home / "broker"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    port, names_port, between_port = _free_ports(3)
    broker = Broker(folder, port, names_port, between_port, _password(folder / "password"))
    configuration = folder / "rabbitmq.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(
        f"listeners.tcp.1 = 127.0.0.1:{port}\n"
        f"default_user = {USER}\ndefault_pass = {broker.password}\n"
        f"consumer_timeout = {LONGEST_TASK_MS}\n"
        "log.file = false\nlog.console = true\nlog.console.level = warning\n"
    )
    (folder / "enabled_plugins").write_text("[].\n")
    return broker


def name_server(broker: Broker) -> list[str]:
    """Command of Erlang's name server, in the foreground."""
    program = _names_program()
    return [str(program), "-address", "127.0.0.1", "-port", str(broker.names_port)]


def server() -> list[str]:
    """Command of the broker; Debian's own in /usr/sbin would change its account and its folders."""
    return [str(PROGRAM)]


def environment(broker: Broker) -> dict[str, str]:
    """What makes RabbitMQ and Erlang keep to this folder and to loopback."""
    folder = broker.folder
    return {
        "HOME": str(folder),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(broker.names_port),
        "RABBITMQ_NODENAME": "battery@localhost",
        "RABBITMQ_DIST_PORT": str(broker.between_port),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_LOGS": "-",
        # Idle schedulers that spin would cost a core of this machine.
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
            "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"
        ),
    }


def _names_program() -> Path | None:
    program = shutil.which("epmd")
    return Path(program) if program else None


def _password(file: Path) -> str:
    if not file.exists():
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as out:
            out.write(secrets.token_hex(16))
    return file.read_text().strip()


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()
