"""NASA Ames discharge records: one table a cell, each record's time beginning at 0.

Seconds, volts, amperes and °C by the data set's description (SOURCES 10), discharge currents negative. The
charges between the records, and the time they took, are not in the file.

The MATLAB files of the same data set hold charges too, and when each record began: there the wall clock is
the file's. Records are laid end to end all the same: what flowed between them nobody knows. This was tried on
a file made in their layout, not on a real one.
"""

from dataclasses import replace

from battery_assets.ingest.lab.dialects.definition import Column, Dialect

NASA = Dialect(
    name="nasa discharge records",
    vendor="NASA Ames PCoE",
    version=2,
    signature=(frozenset({"voltage_measured", "current_measured", "time", "cycle_idx"}),),
    columns=(
        Column("test_time_s", ("time",), "s", required=True),
        Column("voltage_v", ("voltage_measured",), "V", required=True),
        Column("current_a", ("current_measured",), "A", required=True),
        Column("temperature_c", ("temperature_measured",), "C"),
        Column("cycle_count", ("cycle_idx",), required=True),
    ),
    time_restarts=True,
    policy="tolerant",
)
NASA_MAT = replace(
    NASA,
    name="nasa matlab records",
    columns=(
        *NASA.columns,
        Column("step_index", ("record",), required=True),
        Column("step_time_s", ("time",), "s"),
        Column("wall_clock", ("date",)),
    ),
    facts={"cell": (r"^Test_Name: (.+)$",)},
)
