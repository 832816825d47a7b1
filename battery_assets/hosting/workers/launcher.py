"""Dagster's Celery run launcher, made to notice a worker that is gone.

A whole run, which is one partition, is one task. RabbitMQ gives the task of a killed worker to another one,
which finds the run begun and leaves it; Celery then says SUCCESS, and the stock launcher takes the run for
healthy for ever. Here the run's own state decides: who works on it holds its lock, and nobody else.
"""

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagster import DagsterRunStatus
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster_celery.launcher import CeleryRunLauncher

from battery_assets.errors import UserError
from battery_assets.hosting.workers import alive, queue
from battery_assets.hosting.workers.addresses import results_url, shown

if TYPE_CHECKING:
    from celery.result import AsyncResult
    from dagster import DagsterRun
    from dagster._core.launcher import LaunchRunContext
    from dagster._serdes import ConfigurableClassData

TASK_ID = "dagster-celery/task_id"
GONE = "the worker that worked on this run is gone"


class WorkersRunLauncher(CeleryRunLauncher):
    """Runs go to workers; one whose worker is gone fails within a minute, and run_retries begins it anew."""

    def __init__(
        self,
        broker: str,
        backend: str,
        default_queue: str = queue.NAME,
        inst_data: "ConfigurableClassData | None" = None,
        **_options: Any,
    ) -> None:
        if not backend.startswith(("db+", "postgresql")):
            raise UserError(
                f"workers need a result backend that can be asked, and {backend.partition(':')[0]}:// cannot",
                "set backend of run_launcher in dagster.yaml to DAGSTER_PG_URL, as `battery-assets up` does",
            )
        self.database = backend.removeprefix("db+")
        self._missed = alive.Missed()
        super().__init__(
            default_queue,
            broker=broker,
            backend=results_url(backend),
            config_source=queue.conf(broker),
            inst_data=inst_data,
        )

    @classmethod
    def from_config_value(
        cls, inst_data: "ConfigurableClassData | None", config_value: Mapping[str, Any]
    ) -> "WorkersRunLauncher":
        """Made from `run_launcher` in dagster.yaml; UserError where the broker or the backend is missing."""
        lacking = [key for key in ("broker", "backend") if not config_value.get(key)]
        if lacking:
            raise UserError(
                f"run_launcher in dagster.yaml has no {' and no '.join(lacking)}",
                "set BATTERY_BROKER_URL and let `battery-assets up` or `env` write dagster.yaml",
            )
        return cls(inst_data=inst_data, **config_value)

    def launch_run(self, context: "LaunchRunContext") -> None:
        """Hand a run to the broker; where no worker listens, the run's log says so at once."""
        run = context.dagster_run
        if self._listening() == 0:
            words = (
                f"no worker listens on {shown(str(self.broker))}; next step: start `battery-assets worker`"
            )
            self._instance.report_engine_event(words, run, cls=self.__class__)
        super().launch_run(context)

    def check_run_worker_health(self, run: "DagsterRun") -> CheckRunHealthResult:
        """RUNNING while a process holds the run's lock, FAILED once nobody has for ten seconds.

        A command carries out its own runs, which no worker was given: nothing is known of them here.
        """
        held = self._result(run) is None or alive.is_worked_on(self.database, run.run_id)
        if not self._missed.too_long(run.run_id, held):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(
            WorkerStatus.FAILED, f"{GONE}; Celery says {self._state(run)} of its task"
        )

    def terminate(self, run_id: str) -> bool:
        """Ask the worker to end a run; one that is still queued at the broker ends at once."""
        run = self._instance.get_run_by_id(run_id)
        result = self._result(run) if run is not None else None
        if run is None or run.is_finished or result is None:
            return False
        if run.status != DagsterRunStatus.CANCELING:
            self._instance.report_run_canceling(run)
        result.revoke(terminate=True, signal="SIGTERM")
        if not alive.is_worked_on(self.database, run_id):
            self._instance.report_run_canceled(run)
        return True

    def get_run_worker_debug_info(
        self, run: "DagsterRun", include_container_logs: bool | None = True
    ) -> str | None:
        """What the broker knows, for the log of a run that did not begin or ended by itself."""
        listening = self._listening()
        count = "an unknown number of" if listening is None else listening
        return (
            f"{count} workers listen on {shown(str(self.broker))}, Celery says {self._state(run)} of the "
            "task; next step: `battery-assets worker` on each machine that works, and its log"
        )

    def _listening(self) -> int | None:
        """None where the broker does not tell, or is away: publishing waits for it."""
        with contextlib.suppress(Exception):
            return queue.workers(str(self.broker))
        return None

    def _result(self, run: "DagsterRun") -> "AsyncResult | None":
        fresh = self._instance.get_run_by_id(run.run_id) or run
        task = fresh.tags.get(TASK_ID)
        return self.celery.AsyncResult(task) if task else None

    def _state(self, run: "DagsterRun") -> str:
        result = self._result(run)
        return str(result.state) if result is not None else "nothing"
