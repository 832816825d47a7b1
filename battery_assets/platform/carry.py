"""What a day hands on to the days after it: named arrays and frames as bytes, exact to the bit."""

import io
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np
import polars as pl

_FRAME = "frame:"
State = TypeVar("State")


def arrays_of(state: Any) -> dict[str, np.ndarray]:
    """The fields of a state, a dataclass of arrays and tuples of names, to be handed on."""
    return {field.name: np.asarray(getattr(state, field.name)) for field in fields(state)}


def state_of(kind: type[State], values: dict[str, Any]) -> State:
    """The state that `arrays_of` was given; values that are not its own are passed over."""
    found = {field.name: values[field.name] for field in fields(kind)}  # type: ignore[arg-type]
    texts = {name: tuple(value.tolist()) for name, value in found.items() if value.dtype.kind == "U"}
    return kind(**{**found, **texts})


def packed(values: dict[str, np.ndarray | pl.DataFrame]) -> bytes:
    """Arrays of numbers, and frames, as bytes."""
    buffer = io.BytesIO()
    np.savez(buffer, **dict(_array(*item) for item in values.items()))
    return buffer.getvalue()


def unpacked(content: bytes) -> dict[str, Any]:
    """What `packed` was given."""
    with np.load(io.BytesIO(content), allow_pickle=False) as kept:
        return dict(_value(name, kept[name]) for name in kept.files)


def _array(name: str, value: np.ndarray | pl.DataFrame) -> tuple[str, np.ndarray]:
    if not isinstance(value, pl.DataFrame):
        return name, value
    buffer = io.BytesIO()
    value.rechunk().write_ipc(buffer, compression="zstd")
    return _FRAME + name, np.frombuffer(buffer.getvalue(), np.uint8)


def _value(name: str, array: np.ndarray) -> tuple[str, Any]:
    if not name.startswith(_FRAME):
        return name, array
    return name.removeprefix(_FRAME), pl.read_ipc(io.BytesIO(array.tobytes()))
