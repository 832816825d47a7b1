"""What a step printed on one machine is read on another."""

from dagster._core.storage.compute_log_manager import ComputeIOType

from battery_assets.hosting.workers.compute_logs import LakeComputeLogs
from battery_assets.platform import object_stores
from battery_assets_tests.worlds.spread.stores import BUCKET, s3_endpoint, surroundings, variables_of

KEY = ["run-1", "compute_logs", "step"]


def test_the_pages_read_what_a_worker_kept_and_tidying_takes_it_away(tmp_path):
    import boto3

    object_stores.object_store.cache_clear()
    with s3_endpoint() as endpoint, surroundings(variables_of(endpoint)):
        boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=BUCKET)
        worker, pages = (
            LakeComputeLogs(f"s3://{BUCKET}/lake", str(tmp_path / name)) for name in ("worker", "pages")
        )
        assert not pages.cloud_storage_has_logs(KEY, ComputeIOType.STDOUT)
        for kind, text in ((ComputeIOType.STDOUT, b"printed"), (ComputeIOType.STDERR, b"warned")):
            with worker.open_log_stream(KEY, kind) as stream:
                stream.write(text.decode())
        assert pages.get_log_data_for_type(KEY, ComputeIOType.STDERR, 0, None)[0] == b"warned"
        pages.delete_logs(prefix=["run-1"])
        assert not worker.cloud_storage_has_logs(KEY, ComputeIOType.STDERR)
        pages.delete_logs(prefix=["run-1"])
    object_stores.object_store.cache_clear()
