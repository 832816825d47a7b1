"""NASA Ames discharge records: one table a cell, each record's time beginning at 0.

Seconds, volts, amperes and °C by the data set's description, discharge currents negative. The charges between
the records, and the time they took, are not in the file.
"""

from battery_assets.ingest.lab.dialect import Column, Dialect

NASA = Dialect(
    name="nasa discharge records",
    vendor="NASA Ames PCoE",
    version=1,
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
