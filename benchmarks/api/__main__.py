"""`python -m benchmarks.api`: what a request costs beside bare FastAPI, predictions at 500 a second, reads.

Server, database and who asks share this machine's cores: its load is printed with the figures.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from battery_assets.actions.people import accounts as people
from battery_assets.actions.people import keys
from battery_assets.actions.people.accounts import Accounts
from battery_assets.actions.predict import tracking_of
from battery_assets.hosting.stack import chosen_port
from battery_assets.platform.sealing import Seal
from battery_assets.platform.warehouse.database import engine
from battery_assets.platform.warehouse.migrate import migrate
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.settings import Settings
from battery_assets_tests.worlds.api.cell_models import PAYLOAD, put_model
from benchmarks.api.fleet import put_fleet
from benchmarks.children import throwaway_home

SUM = json.dumps({"values": [k / 7 for k in range(20)]})
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def measure(small: bool) -> dict[str, float]:
    """The figures, on the platform of this process's environment."""
    return of_home(Settings.from_environment(), small)


def of_home(settings: Settings, small: bool) -> dict[str, float]:
    """The figures, on a home whose database runs."""
    migrate(settings.warehouse_url)
    warehouse = Warehouse(database_url=settings.warehouse_url, lake_url=settings.lake_url)
    jar, model = put_fleet(warehouse, 1 if small else 9), _model(settings, warehouse)
    key = _key(settings)
    found = _cost(settings, key, 200 if small else 4_000, rounds=1 if small else 3)
    body = json.dumps({"model_id": model, "payload": PAYLOAD})
    with served(settings, "ours") as (port, _):
        predict = {"method": "POST", "path": "/api/v1/cell-predictions", "key": key, "body": body}
        _warm(port, predict)
        rate = {"rate": 50, "seconds": 1} if small else {"rate": 500, "seconds": 20}
        took = asked(port, predict, **rate)
        found["api_prediction_p99_ms"] = quantiles(took, n=100)[98]
        found["api_prediction_p50_ms"] = median(took)
        for name, path in {
            "api_jar_read_ms": f"/api/v1/jars/{jar}",
            "api_heat_map_read_ms": "/api/v1/jars?site=site0&limit=2000&format=arrow",
        }.items():
            read = {"method": "GET", "path": path, "key": key}
            found[name] = median(asked(port, read, requests=5 if small else 40, lines=1))
    engine(settings.warehouse_url).dispose()
    return found


def _model(settings: Settings, warehouse: Warehouse) -> int:
    """A network of cells, registered where the served API looks for it. Returns its number."""
    folder = settings.home / "model"
    folder.mkdir(exist_ok=True)
    return put_model(warehouse, folder, tracking=tracking_of(settings)).model


def _key(settings: Settings) -> str:
    """A key of an account that may predict, with the highest limit that a key can have."""
    accounts = Accounts(settings.warehouse_url, Seal(settings.home))
    with accounts.transaction() as connection:
        owner = people.add(connection, "benchmark", "benchmark@localhost", "operator")
        terms = keys.Terms("benchmark", ("fleet:read", "predictions:write"), rate_limit=keys.HIGHEST_RATE)
        return keys.create(connection, accounts.seal, owner, terms).text


def _cost(settings: Settings, key: str, requests: int, rounds: int) -> dict[str, float]:
    """CPU of the server for a request that does nothing, of both in turn: the median of rounds."""
    costs: dict[str, list[float]] = {"bare": [], "ours": []}
    with served(settings, "bare") as bare, served(settings, "ours") as ours:
        for _ in range(rounds):
            for name, (port, process) in (("bare", bare), ("ours", ours)):
                ask = {"method": "POST", "path": "/sum", "key": key, "body": SUM}
                asked(port, ask, requests=100, lines=8)
                before = cpu_s(process.pid)
                asked(port, ask, requests=requests, lines=8)
                costs[name].append(1e6 * (cpu_s(process.pid) - before) / requests)
    bare_us, our_us = median(costs["bare"]), median(costs["ours"])
    return {"api_cpu_us_per_request": our_us, "api_cpu_vs_fastapi": our_us / bare_us}


@contextmanager
def served(settings: Settings, kind: str) -> "Iterator[tuple[int, subprocess.Popen[bytes]]]":
    """A server in a process of its own; its port, and its process."""
    port = chosen_port("the benchmark's port", 0)
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.api.server", str(port), kind]
    environment = {**os.environ, "BATTERY_HOME": str(settings.home)}
    process = subprocess.Popen(command, env=environment, cwd=Path(__file__).resolve().parents[2])
    try:
        _await(port, process)
        yield port, process
    finally:
        process.terminate()
        process.wait(30)


def _await(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/openapi.json", timeout=5)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("the server does not answer")


def asked(port: int, ask: dict[str, str], **how: Any) -> list[float]:
    """Milliseconds of each request, made by another process."""
    told = json.dumps({"port": port, "ask": ask, **how})
    command = [sys.executable, "-m", "benchmarks.api.load", told]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).resolve().parents[2])
    if done.returncode != 0:
        raise RuntimeError(f"who asks ended with {done.returncode}:\n{done.stderr[-2000:]}")
    found: list[float] = json.loads(done.stdout)
    return found


def _warm(port: int, ask: dict[str, str]) -> None:
    """Ask until the network is loaded, which takes longer than one request may on a busy machine."""
    for _ in range(5):
        with suppress(RuntimeError):
            asked(port, ask, requests=50, lines=4)
            return
        time.sleep(5)
    raise RuntimeError("no prediction within five attempts")


def cpu_s(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def main() -> None:
    """Measure and print."""
    small = "--small" in sys.argv[1:]
    print(f"# load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    with throwaway_home() as settings:
        for name, value in of_home(settings, small).items():
            print(f"{name:<28}{value:>10.2f}", flush=True)


if __name__ == "__main__":
    main()
