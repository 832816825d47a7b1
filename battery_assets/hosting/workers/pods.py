"""Runs that get a Kubernetes Job of their own beside those that workers carry out: closings of many months.

A run with the tag `battery/in: pod` becomes a Job, as `pods.yaml` describes it; every other goes to a worker.
"""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster import StringSource
from dagster._core.instance import MayHaveInstanceWeakref
from dagster._core.launcher import CheckRunHealthResult, RunLauncher
from dagster._serdes import ConfigurableClass, ConfigurableClassData

from battery_assets.errors import UserError
from battery_assets.hosting.workers.launcher import WorkersRunLauncher

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun
    from dagster._core.launcher import LaunchRunContext

TAG, POD = "battery/in", "pod"


class PodsOrWorkersLauncher(RunLauncher, ConfigurableClass):
    """Two launchers, of which a run's tag chooses one."""

    def __init__(
        self, broker: str, backend: str, pods_file: str, inst_data: ConfigurableClassData | None = None
    ) -> None:
        self.workers = WorkersRunLauncher.from_config_value(None, {"broker": broker, "backend": backend})
        self._pods_file = Path(pods_file)
        self._inst_data = inst_data
        if not self._pods_file.is_file():
            raise UserError(
                f"BATTERY_PODS_FILE={pods_file} is no file",
                "mount deploy/kubernetes/pods.yaml there, or unset it",
            )
        super().__init__()

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """As Dagster's configuration gave it."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """The broker, Dagster's database, and the file that describes a Job."""
        return {"broker": StringSource, "backend": StringSource, "pods_file": StringSource}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]
    ) -> "PodsOrWorkersLauncher":
        """Made from `run_launcher` in dagster.yaml."""
        return cls(inst_data=inst_data, **config_value)

    @cached_property
    def pods(self) -> RunLauncher:
        """The launcher of Jobs; made with the first run that asks for one, as it looks for its cluster."""
        text = self._pods_file.read_text()
        data = ConfigurableClassData("dagster_k8s", "K8sRunLauncher", text)
        made = data.rehydrate(as_type=RunLauncher)  # type: ignore[type-abstract]
        made.register_instance(self._instance)
        return made

    def register_instance(self, instance: "DagsterInstance") -> None:
        """Both launchers report to the same instance."""
        MayHaveInstanceWeakref.register_instance(self, instance)
        self.workers.register_instance(instance)

    def launch_run(self, context: "LaunchRunContext") -> None:
        """Start a run where its tag says."""
        self._of(context.dagster_run).launch_run(context)

    def terminate(self, run_id: str) -> bool:
        """End a run where it is."""
        run = self._instance.get_run_by_id(run_id)
        return run is not None and self._of(run).terminate(run_id)

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Both do."""
        return True

    def check_run_worker_health(self, run: "DagsterRun") -> CheckRunHealthResult:
        """Health of a run where it is."""
        return self._of(run).check_run_worker_health(run)

    def get_run_worker_debug_info(
        self, run: "DagsterRun", include_container_logs: bool | None = True
    ) -> str | None:
        """What is known of a run where it is."""
        return self._of(run).get_run_worker_debug_info(run, include_container_logs)

    def _of(self, run: "DagsterRun") -> RunLauncher:
        return self.pods if run.tags.get(TAG) == POD else self.workers
