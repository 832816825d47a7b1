"""Backfills through Dagster's own pages: the same request that its backfill button sends."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any

_LAUNCH = """
mutation Launch($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
    ... on PartitionSetNotFoundError { message }
  }
}"""
_STATUS = """
query Status($id: String!) {
  partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill {
      status
      partitionStatusCounts { runStatus count }
    }
  }
}"""


class BackfillRefused(RuntimeError):
    """Dagster did not take the backfill; the message is its own."""


def ask(web_url: str, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    """One GraphQL request. Raises BackfillRefused where the pages answer with an error or not at all."""
    request = urllib.request.Request(
        f"{web_url}/graphql",
        json.dumps({"query": query, "variables": variables}).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            document = json.load(answer)
    except urllib.error.URLError as error:
        raise BackfillRefused(f"{web_url} does not answer: {error}") from error
    if "errors" in document:
        raise BackfillRefused(document["errors"][0]["message"])
    return document["data"]


def launch(web_url: str, job: str, partitions: Sequence[str], tags: dict[str, str]) -> str:
    """Launch one run of a job for each partition, through the daemon. Returns the backfill's id."""
    params = {
        "selector": {
            "partitionSetName": f"{job}_partition_set",
            "repositorySelector": {
                "repositoryLocationName": "battery_assets",
                "repositoryName": "__repository__",
            },
        },
        "partitionNames": list(partitions),
        "tags": [{"key": key, "value": value} for key, value in tags.items()],
    }
    answer = ask(web_url, _LAUNCH, {"params": params})["launchPartitionBackfill"]
    if answer["__typename"] != "LaunchBackfillSuccess":
        raise BackfillRefused(answer.get("message", answer["__typename"]))
    return answer["backfillId"]


def wait(web_url: str, backfill: str, heard: Callable[[dict[str, int]], None]) -> dict[str, int]:
    """Wait until every run has ended. `heard` gets the count of each run status. Returns the last counts."""
    while True:
        backfill_state = ask(web_url, _STATUS, {"id": backfill})["partitionBackfillOrError"]
        counts = {entry["runStatus"]: entry["count"] for entry in backfill_state["partitionStatusCounts"]}
        heard(counts)
        # "COMPLETED" means submitted: what counts is that no run is left unfinished.
        unfinished = sum(counts.get(word, 0) for word in ("NOT_STARTED", "QUEUED", "STARTING", "STARTED"))
        if backfill_state["status"] in ("FAILED", "CANCELED") or (
            counts and not unfinished and backfill_state["status"] != "REQUESTED"
        ):
            return counts
        time.sleep(1.0)
