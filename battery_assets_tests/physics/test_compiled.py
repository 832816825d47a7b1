"""Compiled code is kept on disk: what one process compiled, another one can run."""

import os
import subprocess
import sys

import pytest

OVER_ARRAYS_THEN_ONE = {
    "open_circuit": ("m.open_circuit_v(0.5)", "m.cell_voltage(0.5, *m.full_acid())"),
    "float_charge": ("m.setpoint_v_cell(30.0)", "m.compensated(30.0, 2.27, -0.0033, 2.21)"),
}


@pytest.mark.parametrize("module", OVER_ARRAYS_THEN_ONE)
def test_a_function_over_arrays_leaves_its_scalar_one_fit_to_run(module, tmp_path):
    """Numba names its cache files by function and line: two compilations of one function would share them."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    for call in OVER_ARRAYS_THEN_ONE[module]:
        code = f"import battery_assets.physics.{module} as m; print({call})"
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{call} ended with {done.returncode}: {done.stderr[-500:]}"
