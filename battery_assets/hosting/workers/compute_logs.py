"""What steps printed, beside the lake: the pages run on another machine than the worker that kept it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from dagster import StringSource
from dagster._core.storage.cloud_storage_compute_log_manager import TruncatingCloudStorageComputeLogManager
from dagster._core.storage.compute_log_manager import ComputeIOType
from dagster._core.storage.local_compute_log_manager import IO_TYPE_EXTENSION, LocalComputeLogManager
from dagster._serdes import ConfigurableClass

from battery_assets.platform.object_stores import fetch, remote

if TYPE_CHECKING:
    from dagster._serdes import ConfigurableClassData

FOLDER = "compute_logs"


class LakeComputeLogs(TruncatingCloudStorageComputeLogManager, ConfigurableClass):
    """Captures into a folder of this machine, and keeps under `<lake>/compute_logs` what a step has ended.

    Of a worker that was killed the last step's output is lost; what Dagster logs lies in PostgreSQL at once.
    """

    def __init__(
        self, lake_url: str, base_dir: str, inst_data: "ConfigurableClassData | None" = None
    ) -> None:
        super().__init__()
        self.root = f"{lake_url.rstrip('/')}/{FOLDER}"
        self._local = LocalComputeLogManager(base_dir)
        self._inst_data = inst_data

    @property
    def inst_data(self) -> "ConfigurableClassData | None":
        """As Dagster's configuration gave it."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """The lake's address, and the folder to capture in."""
        return {"lake_url": StringSource, "base_dir": StringSource}

    @classmethod
    def from_config_value(
        cls, inst_data: "ConfigurableClassData", config_value: Mapping[str, Any]
    ) -> "LakeComputeLogs":
        """Made from `compute_logs` in dagster.yaml."""
        return cls(inst_data=inst_data, **config_value)

    @property
    def local_manager(self) -> LocalComputeLogManager:
        """What captures on this machine."""
        return self._local

    @property
    def upload_interval(self) -> int | None:
        """None: a step's output goes up when the step has ended."""
        return None

    def delete_logs(self, log_key: Sequence[str] | None = None, prefix: Sequence[str] | None = None) -> None:
        """Delete what a step printed, or everything below a prefix."""
        self._local.delete_logs(log_key=log_key, prefix=prefix)
        store, folder = remote("/".join([self.root, *(log_key or prefix or [])]))
        if log_key:
            paths = [f"{folder}.{extension}" for extension in IO_TYPE_EXTENSION.values()]
        else:
            paths = [item["path"] for batch in store.list(f"{folder}/") for item in batch]
        if paths:
            store.delete(paths)

    def download_url_for_type(self, log_key: Sequence[str], io_type: ComputeIOType) -> str | None:
        """None: the pages fetch it, a browser has no key of the store."""
        return None

    def display_path_for_type(self, log_key: Sequence[str], io_type: ComputeIOType) -> str:
        """Where the output lies."""
        return self._address(log_key, io_type)

    def cloud_storage_has_logs(
        self, log_key: Sequence[str], io_type: ComputeIOType, partial: bool = False
    ) -> bool:
        """Whether the output of a step that has ended is in the store; parts of one never are."""
        if partial:
            return False
        store, path = remote(self._address(log_key, io_type))
        try:
            store.head(path)
        except FileNotFoundError:
            return False
        return True

    def download_from_cloud_storage(
        self, log_key: Sequence[str], io_type: ComputeIOType, partial: bool = False
    ) -> None:
        """Bring the output to this machine, where the pages read it."""
        target = self._local.get_captured_local_path(log_key, IO_TYPE_EXTENSION[io_type], partial)
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(target).write_bytes(fetch(self._address(log_key, io_type)))

    def _upload_file_obj(
        self, data: IO[bytes], log_key: Sequence[str], io_type: ComputeIOType, partial: bool = False
    ) -> None:
        store, path = remote(self._address(log_key, io_type))
        store.put(path, data.read())

    def _address(self, log_key: Sequence[str], io_type: ComputeIOType) -> str:
        return "/".join([self.root, *log_key]) + f".{IO_TYPE_EXTENSION[io_type]}"
