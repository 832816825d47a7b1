"""Arbin: MITS Pro CSV and workbooks, the columns of its databases (.res, SQL exports), CALCE's workbooks.

Where a heading names no unit the columns are those of Arbin's databases: s, V, A, Ah, Wh, ohm, °C. Positive
current charges. Charge and discharge counters grow through the test or begin anew in each cycle.
"""

from battery_assets.ingest.lab.dialects.definition import Column, Dialect

ARBIN = Dialect(
    name="arbin",
    vendor="Arbin",
    version=3,
    signature=(
        frozenset({"test_time", "cycle_index", "charge_capacity"}),
        frozenset({"data_point", "test_time", "step_time", "cycle_index"}),
    ),
    sign_fixed=True,
    columns=(
        Column("test_time_s", ("test_time",), "s", required=True),
        Column("voltage_v", ("voltage",), "V", required=True),
        Column("current_a", ("current",), "A", required=True),
        Column("record_index", ("data_point",)),
        Column("wall_clock", ("date_time", "datetime")),
        Column("cycle_count", ("cycle_index",)),
        Column("step_index", ("step_index",)),
        Column("step_time_s", ("step_time",), "s"),
        Column("charge_ah", ("charge_capacity",), "Ah"),
        Column("discharge_ah", ("discharge_capacity",), "Ah"),
        Column("charge_wh", ("charge_energy",), "Wh"),
        Column("discharge_wh", ("discharge_energy",), "Wh"),
        Column("resistance_ohm", ("internal_resistance",), "ohm"),
        Column(
            "temperature_c",
            (
                "aux_temperature_1*",
                "aux_temperature*",
                "temperature",
                "cell_temperature",
                "environment_temperature",
            ),
            "C",
        ),
    ),
    instants=(
        "%m/%d/%Y %H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%m/%d/%Y %I:%M:%S %p",
        "%m/%d/%Y %I:%M:%S%.f %p",
    ),
    export="MITS Pro, Data Watcher: export channel data to CSV with all normal columns",
    facts={
        "cell": (r"^Test_Name: (.+)$", r"^TEST REPORT: (.+)$"),
        "channel": (r"^Channel(?:_Index)?: (.+)$",),
        "protocol": (r"^Schedule_File_Name: (.+)$",),
        "barcode": (r"^Item_ID: (.+)$",),
        "started_at": (r"^Start_Date_?Time: (.+)$",),
        "started_at_format": ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M:%S"),
    },
)
ARBIN_METADATA = (
    frozenset({"test_id", "device_id", "iv_ch_id", "first_start_datetime"}),
    frozenset({"channel", "start_datetime", "schedule_file_name"}),
)
