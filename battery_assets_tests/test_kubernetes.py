"""deploy/kubernetes, held against the schemas of Kubernetes, and the Job that a run becomes."""

import tempfile
from pathlib import Path

import dagster as dg
import kubernetes_validate
import pytest
import yaml

from battery_assets.hosting.launch import dagster_yaml
from battery_assets.hosting.workers.fitness import _refuse_own_folders
from battery_assets.settings import DERIVED, VARIABLES, Settings
from battery_assets_tests.conftest import PROJECT

FOLDER = PROJECT / "deploy" / "kubernetes"
VERSION = "1.34"
HOME_HERE = f"{tempfile.gettempdir()}/home-of-a-pod"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
CLUSTER = """
apiVersion: v1
kind: Config
current-context: here
clusters: [{name: here, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: here, user: {}}]
contexts: [{name: here, context: {cluster: here, user: here}}]
"""


def objects() -> list[tuple[str, dict]]:
    return [
        (f"{name}: {one['kind']} {one['metadata']['name']}", one)
        for name in KUSTOMIZATION["resources"]
        for one in yaml.safe_load_all((FOLDER / name).read_text())
    ]


OBJECTS = dict(objects())


def pods() -> list[dict]:
    """The template of every workload's pods."""
    return [one["spec"]["template"]["spec"] for one in OBJECTS.values() if "template" in one.get("spec", {})]


def of_config_map(name: str) -> dict[str, str]:
    [found] = [
        one["data"]
        for one in OBJECTS.values()
        if one["kind"] == "ConfigMap" and one["metadata"]["name"] == name
    ]
    return found


def secrets() -> dict[str, str]:
    lines = (FOLDER / "secrets.env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def settings() -> Settings:
    """The settings of these manifests. The home of the pods is another one: here nobody may write to it."""
    home = {"BATTERY_HOME": HOME_HERE}
    return Settings.from_environment({**of_config_map("battery-settings"), **secrets(), **home})


def fresh() -> str:
    """dagster.yaml for the settings of these manifests."""
    made = dagster_yaml((PROJECT / "dagster.yaml").read_text(), settings())
    return made.replace(HOME_HERE, of_config_map("battery-settings")["BATTERY_HOME"])


@pytest.mark.parametrize("name", OBJECTS)
def test_each_object_obeys_its_schema(name):
    kubernetes_validate.validate(OBJECTS[name], VERSION, strict=True)


def test_the_validator_sees_a_misspelt_field():
    worker = yaml.safe_load((FOLDER / "worker.yaml").read_text())
    worker["spec"]["template"]["spec"]["containers"][0]["comand"] = ["battery-assets"]
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(worker, VERSION, strict=True)


def test_every_file_is_listed_and_nothing_secret_is_among_them():
    there = {path.name for path in FOLDER.iterdir()} - {"kustomization.yaml"}
    assert there == {*KUSTOMIZATION["resources"], "pods.yaml", "dagster.yaml", "secrets.env.example"}
    assert {"secrets.env", "secret.key"} <= set((PROJECT / ".gitignore").read_text().split())


def test_what_pods_name_is_made():
    made = {
        one["name"] for key in ("secretGenerator", "configMapGenerator") for one in KUSTOMIZATION[key]
    } | {one["metadata"]["name"] for one in OBJECTS.values() if one["kind"] == "ConfigMap"}
    for pod in pods():
        for volume in pod.get("volumes", []):
            named = volume.get("configMap", {}).get("name") or volume.get("secret", {}).get("secretName")
            assert named in {*made, None}, volume
        for container in pod["containers"]:
            for source in container.get("envFrom", []):
                [reference] = source.values()
                assert reference["name"] in made


@pytest.mark.parametrize("name", ["code", "webserver", "daemon"])
def test_who_starts_or_ends_runs_has_the_file_of_pods(name):
    """A sensor that cancels a run asks the launcher, which refuses to be made without its file."""
    named = Path(of_config_map("battery-settings")["BATTERY_PODS_FILE"])
    [container] = OBJECTS[f"{name}.yaml: Deployment {name}"]["spec"]["template"]["spec"]["containers"]
    assert str(named.parent) in {mount["mountPath"] for mount in container["volumeMounts"]}


def test_the_settings_are_ours_and_no_store_is_a_pod_s_own_disk():
    given = {**of_config_map("battery-settings"), **secrets()}
    assert {key for key in given if key.startswith("BATTERY_")} <= {*VARIABLES, *DERIVED}
    assert _refuse_own_folders(settings()) is None
    worker = OBJECTS["worker.yaml: Deployment worker"]
    assert settings().runs_at_once == worker["spec"]["replicas"]
    for key, value in settings().variables().items():
        if key in ("DAGSTER_PG_URL", "BATTERY_WAREHOUSE_URL"):
            assert given[key] == value


def test_the_daemon_is_one_and_a_worker_may_end_its_run():
    daemon, worker = (OBJECTS[f"{name}.yaml: Deployment {name}"]["spec"] for name in ("daemon", "worker"))
    assert (daemon["replicas"], daemon["strategy"]["type"]) == (1, "Recreate")
    limit = yaml.safe_load((PROJECT / "dagster.yaml").read_text())["run_monitoring"]["max_runtime_seconds"]
    assert worker["template"]["spec"]["terminationGracePeriodSeconds"] >= limit


def test_dagster_yaml_is_what_these_settings_make_of_the_project_s():
    assert (FOLDER / "dagster.yaml").read_text() == fresh(), "python -m battery_assets_tests.test_kubernetes"
    assert "PodsOrWorkersLauncher" in fresh()


@dg.asset
def one() -> None:
    """An asset, so that there is a job."""


DEFINITIONS = dg.Definitions(assets=[one], jobs=[dg.define_asset_job("closing", selection="*")])


def test_a_run_becomes_a_job_that_kubernetes_takes(tmp_path):
    from dagster._core.launcher import RunLauncher
    from dagster._serdes import ConfigurableClassData
    from dagster_k8s.job import construct_dagster_k8s_job

    cluster = tmp_path / "cluster.yaml"
    cluster.write_text(CLUSTER)
    outside = f"load_incluster_config: false\nkubeconfig_file: {cluster}\n"
    text = (FOLDER / "pods.yaml").read_text() + outside
    launcher = ConfigurableClassData("dagster_k8s", "K8sRunLauncher", text).rehydrate(as_type=RunLauncher)
    with dg.DagsterInstance.ephemeral() as instance:
        launcher.register_instance(instance)
        run = instance.create_run_for_job(DEFINITIONS.resolve_job_def("closing"), tags={"battery/in": "pod"})
        context = launcher.get_container_context_for_run(run)
        job = construct_dagster_k8s_job(
            context.get_k8s_job_config("registry.example.org/battery-assets:latest", launcher),
            args=["dagster", "api", "execute_run"],
            job_name="closing",
            user_defined_k8s_config=context.run_k8s_config,
        )
    from kubernetes.client import ApiClient

    made = ApiClient().sanitize_for_serialization(job)
    kubernetes_validate.validate(made, VERSION, strict=True)
    [container] = made["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["memory"] == "8Gi"
    assert {next(iter(one.values()))["name"] for one in container["envFrom"]} == {
        "battery-settings", "battery-secrets",
    }  # fmt: skip
    assert made["spec"]["backoffLimit"] == 0


def test_a_run_s_tag_chooses_between_pod_and_worker(tmp_path, migrated_url):
    pytest.importorskip("dagster_celery", reason="the extra [scale] is not installed")
    from battery_assets.hosting.workers.pods import POD, TAG, PodsOrWorkersLauncher

    cluster, described = tmp_path / "cluster.yaml", tmp_path / "pods.yaml"
    cluster.write_text(CLUSTER)
    outside = f"load_incluster_config: false\nkubeconfig_file: {cluster}\n"
    described.write_text((FOLDER / "pods.yaml").read_text() + outside)
    with dg.DagsterInstance.ephemeral() as instance:
        launcher = PodsOrWorkersLauncher("amqp://a:b@127.0.0.1:1//", migrated_url, str(described))
        launcher.register_instance(instance)
        job = DEFINITIONS.resolve_job_def("closing")
        in_pod = instance.create_run_for_job(job, tags={TAG: POD})
        assert type(launcher._of(in_pod)).__name__ == "K8sRunLauncher"
        assert launcher._of(instance.create_run_for_job(job)) is launcher.workers


def test_a_file_of_pods_that_is_absent_is_named(tmp_path):
    pytest.importorskip("dagster_celery", reason="the extra [scale] is not installed")
    from battery_assets.errors import UserError
    from battery_assets.hosting.workers.pods import PodsOrWorkersLauncher

    absent = Path(tmp_path / "pods.yaml")
    with pytest.raises(UserError, match="is no file"):
        PodsOrWorkersLauncher("amqp://a:b@127.0.0.1:1//", "postgresql://h/d", str(absent))


if __name__ == "__main__":
    (FOLDER / "dagster.yaml").write_text(fresh())
