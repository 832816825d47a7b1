"""What a day hands on comes back to the bit, and can be worked on."""

import numpy as np
import polars as pl
import pytest

from battery_assets.platform.days.saved import packed, unpacked

VALUES = {
    "grid": np.arange(6.0).reshape(2, 3)[:, ::-1],
    "not finite": np.array([np.nan, -np.inf, -0.0], np.float32),
    "texts": np.array(["", "jar\n1", "ä"]),
    "flags": np.array([True, False]),
    "one": np.array(3.5),
    "none": np.zeros((0, 3)),
    "no texts": np.array([], dtype="U3"),
    "instants": np.array([0, 1], dtype="datetime64[us]"),
}


def test_arrays_and_frames_come_back_to_the_bit():
    frame = pl.DataFrame({"ts": [1, None], "jar": ["a\n", None], "v": [13.5, float("nan")]})
    found = unpacked(packed({**VALUES, "rows": frame, "empty": frame.clear()}))
    assert list(found) == [*VALUES, "rows", "empty"]
    for name, value in VALUES.items():
        assert (found[name].dtype, found[name].shape) == (value.dtype, value.shape), name
        assert found[name].tobytes() == value.tobytes(), name
        found[name][...] = value
    assert found["rows"].equals(frame)
    assert found["empty"].schema == frame.schema


def test_an_array_of_objects_is_refused():
    with pytest.raises(ValueError, match="objects cannot be kept: odd"):
        packed({"odd": np.array([{}, None])})


def test_one_value_alone_needs_no_name():
    frame, array = pl.DataFrame({"v": [13.5, None]}), np.array([1, 2])
    assert unpacked(packed(frame)).equals(frame)
    assert unpacked(packed(array)).tolist() == [1, 2]
    assert unpacked(packed({})) == {}
