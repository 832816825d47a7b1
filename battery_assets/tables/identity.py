"""Deterministic identifiers: the same thing gets the same id in every run."""

import uuid

NAMESPACE = uuid.UUID("6f1f4d5e-0f5b-5d4c-9a53-8b7f1c2d3e4f")


def identity(kind: str, *parts: object) -> str:
    """The uuid5 of a natural key, as lower-case text: `identity("battery", site, code)`."""
    return str(uuid.uuid5(NAMESPACE, "|".join([kind, *(str(part) for part in parts)])))
