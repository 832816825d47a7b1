"""What a day hands on to the days after it: named arrays and frames as bytes, exact to the bit."""

import io
import json
import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np
import polars as pl

_FRAME = "frame:"
# What is saved without a name.
_ALONE = ""
Value = np.ndarray | pl.DataFrame
Values = Value | Mapping[str, Value]
State = TypeVar("State")


def arrays_of(state: Any) -> dict[str, np.ndarray]:
    """The fields of a state, a dataclass of arrays and tuples of names, to be handed on."""
    return {field.name: np.asarray(getattr(state, field.name)) for field in fields(state)}


def state_of(kind: type[State], values: dict[str, Any]) -> State:
    """The state that `arrays_of` was given; values that are not its own are passed over."""
    arrays = {field.name: values[field.name] for field in fields(kind)}  # type: ignore[arg-type]
    texts = {name: tuple(value.tolist()) for name, value in arrays.items() if value.dtype.kind == "U"}
    return kind(**{**arrays, **texts})


def packed(values: Values) -> bytes:
    """Arrays of numbers and texts, and frames, or one of them, as bytes: a line that says what follows, then
    all in turn.

    Raises ValueError for an array of objects.
    """
    named = values if isinstance(values, Mapping) else {_ALONE: values}
    arrays = dict(_array(*item) for item in named.items())
    if objects := [name for name, array in arrays.items() if array.dtype.hasobject]:
        raise ValueError(f"arrays of objects cannot be kept: {', '.join(objects)}")
    said = [[name, array.dtype.str, array.shape] for name, array in arrays.items()]
    return b"\n".join([json.dumps(said).encode(), b"".join(array.tobytes() for array in arrays.values())])


def unpacked(content: bytes) -> Any:
    """What `packed` was given."""
    at = content.index(b"\n")
    said, at, arrays = json.loads(content[:at]), at + 1, {}
    for name, kind, shape in said:
        dtype, count = np.dtype(kind), math.prod(shape)
        array = np.frombuffer(content, dtype, count, at) if count and dtype.itemsize else np.empty(0, dtype)
        arrays[name], at = array.reshape(shape), at + count * dtype.itemsize
    values = dict(_value(*item) for item in arrays.items())
    return values[_ALONE] if values.keys() == {_ALONE} else values


def _array(name: str, value: Value) -> tuple[str, np.ndarray]:
    if not isinstance(value, pl.DataFrame):
        return name, value
    buffer = io.BytesIO()
    # A file of the same frame costs three to eight times as much to write and to read: most are small.
    value.rechunk().write_ipc_stream(buffer, compression="zstd")
    return _FRAME + name, np.frombuffer(buffer.getvalue(), np.uint8)


def _value(name: str, array: np.ndarray) -> tuple[str, Any]:
    if not name.startswith(_FRAME):
        return name, array.copy()
    return name.removeprefix(_FRAME), pl.read_ipc_stream(io.BytesIO(array.data))
