"""How tasks are kept and handed out: acknowledged when done, one at a time, for as long as a run may take."""

from typing import Any

NAME = "dagster"
# Longer than max_runtime_seconds of dagster.yaml: Redis gives a task to another worker after that.
LONGEST_TASK_S = 6 * 3600


def conf(broker: str) -> dict[str, Any]:
    """Celery's settings, the same for who hands out tasks and for who takes them."""
    transport: dict[str, Any] = {"max_retries": 3, "interval_start": 0, "interval_step": 0.2}
    if broker.startswith("redis"):
        transport["visibility_timeout"] = LONGEST_TASK_S
    return {
        "task_acks_late": True,
        # A worker's child that is killed leaves no run behind: the lock tells, and run_retries begins anew.
        "task_reject_on_worker_lost": False,
        "worker_prefetch_multiplier": 1,
        "worker_concurrency": 1,
        # Memory of libraries for learning is given back with the process.
        "worker_max_tasks_per_child": 20,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": transport,
        # A broker that is started anew is awaited, for less than a minute.
        "task_publish_retry_policy": {
            "max_retries": 12,
            "interval_start": 0.5,
            "interval_step": 1.0,
            "interval_max": 5.0,
        },
        "task_default_queue": NAME,
        "worker_hijack_root_logger": False,
        "worker_send_task_events": False,
        "enable_utc": True,
    }


def workers(broker: str) -> int | None:
    """How many workers listen on the queue; None where the broker does not tell, as Redis does not.

    Raises what kombu raises where the broker is away.
    """
    if not broker.startswith("amqp"):
        return None
    from kombu import Connection

    with Connection(broker, connect_timeout=5) as connection:
        connection.ensure_connection(max_retries=2, interval_start=0.2, timeout=5)
        # Made as workers make it where none has come yet: to ask for an absent one is an error in its log.
        declared = connection.default_channel.queue_declare(
            queue=NAME, durable=True, auto_delete=False, arguments={"x-max-priority": 10}
        )
    return int(declared.consumer_count)
