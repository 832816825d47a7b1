"""Buckets: objects by their addresses."""

from functools import lru_cache
from typing import Any


@lru_cache(maxsize=8)
def object_store(bucket: str) -> Any:
    """The store of a bucket ("s3://name"), with the AWS_* variables that polars and Delta read too."""
    from obstore.store import from_url

    return from_url(bucket, client_options={"allow_http": True})


def remote(target: str) -> tuple[Any, str]:
    """The store of a bucket's address, and the path inside the bucket."""
    scheme, rest = target.split("://", 1)
    bucket, _, path = rest.partition("/")
    return object_store(f"{scheme}://{bucket}"), path


def fetch(target: str) -> bytes:
    """The content of an object. Raises FileNotFoundError where it is gone."""
    store, path = remote(target)
    return bytes(store.get(path).bytes())


def listed(folder: str) -> dict[str, tuple[int, str | None]]:
    """Size and e_tag of each object under an address, by its path from there."""
    store, root = remote(folder)
    return {
        item["path"].removeprefix(f"{root}/"): (item["size"], item["e_tag"])
        for batch in store.list(f"{root}/")
        for item in batch
    }
