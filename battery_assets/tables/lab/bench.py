"""The lab bench: packs and cells, tests and their points, cycles, features, labels, and the training table.

A lab is a site of its own kind, with partitions of its own. A test belongs to the month in which it began,
and so do its points, cycles, features and labels, however long it ran.
"""

import sqlalchemy as sa

from battery_assets.tables.definition import (
    LAKE,
    document,
    instant,
    integer,
    key,
    one_of,
    quantity,
    reference,
    table,
    text,
)
from battery_assets.tables.lab.quantities import charge_ah, current_a, nominal_ah

CHEMISTRIES = ("NMC", "NCA", "LFP", "LCO", "LMO", "LTO", "Li-ion", "lead-acid", "NiMH", "other")

NO_CAPACITY = ("not to the cut-off", "not from full", "not recorded")

battery_pack = table(
    "battery_pack",
    "Packs that cells under test belong to.",
    key("pack_id", "Unique identifier."),
    text("pack_code", "Code of the pack.", 50, required=True),
    one_of("chemistry", "Chemistry of its cells.", *CHEMISTRIES),
    nominal_ah("nominal_capacity_ah"),
    quantity("nominal_voltage_v", "Nominal voltage.", "V", 8, 3, low=0, high=10000),
    integer("cells_in_series", "Cells in series.", low=1, high=10000),
    integer("cells_in_parallel", "Cells in parallel.", low=1, high=10000),
    phase=1,
    unique=["pack_code"],
    newest_wins=True,
    schema="lab",
    lab=True,
    may_be_empty=True,
)

battery_cell = table(
    "battery_cell",
    "Cells under test.",
    key("cell_id", "Unique identifier."),
    reference("pack_id", battery_pack, "Pack the cell belongs to, if any."),
    text("cell_code", "Code of the cell in its lab.", 80, required=True),
    text("barcode", "What is printed on it.", 120),
    one_of("chemistry", "Chemistry.", *CHEMISTRIES),
    text("manufacturer", "Manufacturer.", 100),
    text("model", "Model name.", 100),
    nominal_ah("nominal_capacity_ah", required=True),
    quantity("nominal_voltage_v", "Nominal voltage.", "V", 8, 3, low=0, high=10000),
    quantity("voltage_min_v", "Lowest voltage it may be taken to.", "V", 8, 3, low=-10, high=10000),
    quantity("voltage_max_v", "Highest voltage it may be taken to.", "V", 8, 3, low=0, high=10000),
    quantity("end_of_life_pct", "Capacity at which it is worn out, of nominal.", "%", 6, 3, low=1, high=100),
    phase=1,
    unique=["cell_code"],
    newest_wins=True,
    schema="lab",
    lab=True,
    may_be_empty=True,
)

timeseries_point = table(
    "timeseries_point",
    "One sample of a test, positive current charges.",
    instant(
        "ts", "Instant of the sample: start of the test plus its test time, and its pauses.", part_of_key=True
    ),
    # The session is filed after its points: they are its evidence.
    sa.Column(
        "session_id",
        sa.dialects.postgresql.UUID(as_uuid=False),
        primary_key=True,
        nullable=False,
        comment="Test the sample belongs to.",
        info={"kind": "uuid", "references": "test_session.session_id"},
    ),
    quantity("test_time_s", "Time since the test began.", "s", 14, 4, low=0, high=9999999999, required=True),
    quantity("voltage_v", "Terminal voltage.", "V", 10, 6, low=-100, high=9999),
    current_a("current_a", "Current, positive charges."),
    quantity("temperature_c", "Surface temperature.", "°C", 7, 3, low=-100, high=500),
    quantity(
        "correction_ah",
        "Charge since the sample before that its trapezium lacks; all of it where open_ah is not 0.",
        "Ah",
        15,
        11,
        low=-9999,
        high=9999,
    ),
    quantity(
        "open_ah",
        "Charge that may have flowed unrecorded; NULL without limit.",
        "Ah",
        14,
        9,
        low=0,
        high=99999,
    ),
    integer("cycle_count", "Cycle that the file itself counted.", low=-1, high=10000000),
    integer("step_index", "Step of the schedule, as the file numbers it.", low=-1, high=10000000),
    integer("source_file", "Position in the session's list of files, from 0.", low=0, high=100000),
    integer("source_row", "Row of that file, the first below its headings is 1.", low=1, high=2000000000),
    phase=2,
    store=LAKE,
    month_leaves=True,
    whole_sessions=True,
    schema="lab",
    lab=True,
    may_be_empty=True,
)

test_session = table(
    "test_session",
    "Tests of cells: protocol, equipment, conditions, and the files they were read from.",
    key("session_id", "Unique identifier."),
    reference("cell_id", battery_cell, "Cell under test.", required=True),
    reference("pack_id", battery_pack, "Pack under test, where it was one."),
    text("protocol", "Name of the protocol.", 80, required=True),
    text("protocol_version", "Version of the protocol.", 40),
    text("equipment", "Cycler.", 80),
    text("channel", "Channel of the cycler.", 40),
    instant("started_at", "When the test began.", required=True),
    instant("ended_at", "When its last sample was taken.", required=True),
    quantity("ambient_temperature_c", "Set temperature of the surroundings.", "°C", 6, 2, low=-100, high=300),
    quantity("cutoff_voltage_v", "End of discharge that capacities count to.", "V", 8, 3, low=-10, high=9999),
    integer("points_count", "Samples loaded.", low=0, high=2147483647, required=True),
    integer("rows_read", "Rows of its files.", low=0, high=2147483647, required=True),
    integer("rows_quarantined", "Rows refused, with their reasons.", low=0, high=2147483647, required=True),
    integer("rows_duplicate", "Rows that were there already.", low=0, high=2147483647, required=True),
    document("source_files", "Path, sha256, reader, its version, dialect and rows of each file."),
    document("findings", "What was reconciled, and how."),
    phase=3,
    schema="lab",
    lab=True,
    may_be_empty=True,
)

cycle = table(
    "cycle",
    "Charge and discharge cycles of a test.",
    key("cycle_id", "Unique identifier."),
    reference("session_id", test_session, "Test the cycle belongs to.", required=True),
    reference("cell_id", battery_cell, "Cell under test.", required=True),
    integer("cycle_index", "Number within the test, from 1.", low=1, high=10000000, required=True),
    instant("started_at", "First sample.", required=True),
    instant("ended_at", "Last sample.", required=True),
    integer("points_count", "Samples.", low=1, high=2147483647, required=True),
    charge_ah("charge_capacity_ah", "Charge put in."),
    charge_ah("discharge_capacity_ah", "Charge drawn from full to the cut-off; NULL where it was not whole."),
    charge_ah("drawn_ah", "Charge drawn, down to the cut-off voltage, whether or not it got there."),
    one_of("no_capacity", "Why a discharge has no capacity.", *NO_CAPACITY),
    quantity("charge_time_s", "Time on charge.", "s", 12, 2, low=0, high=9999999999),
    quantity("discharge_time_s", "Time on discharge.", "s", 12, 2, low=0, high=9999999999),
    current_a("current_max_a", "Largest current either way.", low=0),
    phase=4,
    schema="lab",
    lab=True,
    may_be_empty=True,
)

label_soc = table(
    "label_soc",
    "State of charge of each sample, by two definitions (version 1).",
    instant("ts", "Instant of the sample.", part_of_key=True),
    sa.Column(
        "session_id",
        sa.dialects.postgresql.UUID(as_uuid=False),
        primary_key=True,
        nullable=False,
        comment="Test the sample belongs to.",
        info={"kind": "uuid", "references": "test_session.session_id"},
    ),
    quantity(
        "soc_coulomb_pct",
        "By counting, of the cycle's own capacity: 0 empty, 100 full.",
        "%",
        6,
        3,
        low=0,
        high=100,
    ),
    quantity(
        "soc_ocv_pct",
        "By the voltage after half an hour of rest, on the cell's slow discharge.",
        "%",
        6,
        3,
        low=0,
        high=100,
    ),
    phase=4,
    store=LAKE,
    month_leaves=True,
    whole_sessions=True,
    schema="lab",
    lab=True,
    may_be_empty=True,
)
