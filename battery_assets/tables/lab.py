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

LAB = {"schema": "lab", "lab": True}
CHEMISTRIES = ("NMC", "NCA", "LFP", "LCO", "LMO", "LTO", "Li-ion", "lead-acid", "NiMH", "other")
SOH_DEFINITIONS = ("capacity", "resistance")
CENSORING = ("observed", "right_censored", "started_below")
CAPACITY = {"low": -10000, "high": 10000}

battery_pack = table(
    "battery_pack",
    "Packs that cells under test belong to.",
    key("pack_id", "Unique identifier."),
    text("pack_code", "Code of the pack.", 50, required=True),
    one_of("chemistry", "Chemistry of its cells.", *CHEMISTRIES),
    quantity("nominal_capacity_ah", "Nominal capacity.", "Ah", 10, 4, low=0, high=100000),
    quantity("nominal_voltage_v", "Nominal voltage.", "V", 8, 3, low=0, high=10000),
    integer("cells_in_series", "Cells in series.", low=1, high=10000),
    integer("cells_in_parallel", "Cells in parallel.", low=1, high=10000),
    phase=1,
    unique=["pack_code"],
    newest_wins=True,
    may_be_empty=True,
    **LAB,
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
    quantity("nominal_capacity_ah", "Nominal capacity.", "Ah", 10, 4, low=0, high=100000, required=True),
    quantity("nominal_voltage_v", "Nominal voltage.", "V", 8, 3, low=0, high=10000),
    quantity("voltage_min_v", "Lowest voltage it may be taken to.", "V", 8, 3, low=-10, high=10000),
    quantity("voltage_max_v", "Highest voltage it may be taken to.", "V", 8, 3, low=0, high=10000),
    phase=1,
    unique=["cell_code"],
    newest_wins=True,
    **LAB,
)

timeseries_point = table(
    "timeseries_point",
    "One sample of a test, positive current charges.",
    instant("ts", "Instant of the sample: start of the test plus its test time.", part_of_key=True),
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
    quantity("current_a", "Current, positive charges.", "A", 12, 6, low=-99999, high=99999),
    quantity("temperature_c", "Surface temperature.", "°C", 7, 3, low=-100, high=500),
    integer("cycle_count", "Cycle that the file itself counted.", low=-1, high=10000000),
    integer("step_index", "Step of the schedule, as the file numbers it.", low=-1, high=10000000),
    integer("source_file", "Position in the session's list of files, from 0.", low=0, high=100000),
    integer("source_row", "Row of that file, the first below its headings is 1.", low=1, high=2000000000),
    phase=2,
    store=LAKE,
    month_leaves=True,
    whole_sessions=True,
    **LAB,
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
    **LAB,
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
    quantity("charge_capacity_ah", "Charge put in.", "Ah", 12, 6, **CAPACITY),
    quantity("discharge_capacity_ah", "Charge drawn, down to the cut-off voltage.", "Ah", 12, 6, **CAPACITY),
    quantity("charge_time_s", "Time on charge.", "s", 12, 2, low=0, high=9999999999),
    quantity("discharge_time_s", "Time on discharge.", "s", 12, 2, low=0, high=9999999999),
    quantity("current_max_a", "Largest current either way.", "A", 12, 6, low=0, high=99999),
    phase=4,
    **LAB,
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
        "soc_coulomb_pct", "By counting, of the cycle's own capacity: 0 empty, 100 full.", "%", 6, 3, low=0, high=100
    ),
    quantity(
        "soc_ocv_pct", "By the voltage after half an hour of rest, on the cell's slow discharge.", "%", 6, 3,
        low=0, high=100,
    ),
    phase=4,
    store=LAKE,
    month_leaves=True,
    whole_sessions=True,
    **LAB,
)  # fmt: skip

cycle_feature = table(
    "cycle_feature",
    "Features of each cycle; none looks at a later cycle.",
    key("feature_id", "Unique identifier."),
    reference("cycle_id", cycle, "Cycle.", required=True),
    reference("session_id", test_session, "Test.", required=True),
    reference("cell_id", battery_cell, "Cell.", required=True),
    integer("cycle_index", "Number within the test, from 1.", low=1, high=10000000, required=True),
    quantity("charge_capacity_ah", "Charge put in.", "Ah", 12, 6, **CAPACITY),
    quantity("discharge_capacity_ah", "Charge drawn, down to the cut-off voltage.", "Ah", 12, 6, **CAPACITY),
    quantity("charge_energy_wh", "Energy put in.", "Wh", 12, 6, **CAPACITY),
    quantity("discharge_energy_wh", "Energy drawn.", "Wh", 12, 6, **CAPACITY),
    quantity("coulombic_efficiency_pct", "Charge drawn over charge put in.", "%", 12, 4, low=0, high=9999999),
    quantity("energy_efficiency_pct", "Energy drawn over energy put in.", "%", 12, 4, low=0, high=9999999),
    quantity("charge_time_s", "Time on charge.", "s", 12, 2, low=0, high=9999999999),
    quantity("discharge_time_s", "Time on discharge.", "s", 12, 2, low=0, high=9999999999),
    quantity("cc_charge_time_s", "Time on charge at constant current.", "s", 12, 2, low=0, high=9999999999),
    quantity("cv_charge_time_s", "Time on charge at constant voltage.", "s", 12, 2, low=0, high=9999999999),
    quantity("internal_resistance_mohm", "dV/dI of the first step into discharge.", "mΩ", 12, 4, low=0, high=9999999),
    quantity("resistance_step_s", "Seconds between that step's samples.", "s", 8, 3, low=0, high=99999),
    quantity("voltage_mean_v", "Mean of the discharge, weighted by time.", "V", 10, 6, low=-100, high=9999),
    quantity("voltage_min_v", "Lowest of the discharge.", "V", 10, 6, low=-100, high=9999),
    quantity("voltage_max_v", "Highest of the discharge.", "V", 10, 6, low=-100, high=9999),
    quantity("temperature_mean_c", "Mean, weighted by time.", "°C", 7, 3, low=-100, high=500),
    quantity("temperature_min_c", "Lowest.", "°C", 7, 3, low=-100, high=500),
    quantity("temperature_max_c", "Highest.", "°C", 7, 3, low=-100, high=500),
    quantity("current_max_a", "Largest current either way.", "A", 12, 6, low=0, high=99999),
    quantity("dqdv_max_ah_per_v", "Peak of dQ/dV of the discharge (Gaussian of 10 mV).", "Ah/V", 14, 6, **CAPACITY),
    quantity("dqdv_peak_v", "Voltage of that peak.", "V", 10, 6, low=-100, high=9999),
    quantity("dqdv_min_ah_per_v", "Lowest dQ/dV, 30 mV inside the ends.", "Ah/V", 14, 6, **CAPACITY),
    quantity("dqdv_area_ah", "Area under dQ/dV.", "Ah", 12, 6, **CAPACITY),
    quantity("dqdv_variance", "Variance of dQ/dV over voltage.", "Ah²/V²", 16, 6, low=0, high=9999999999),
    quantity("dvdq_peak_v_per_ah", "Steepest -dV/dQ between 10 and 90 % of the charge.", "V/Ah", 14, 6, **CAPACITY),
    quantity("dvdq_peak_ah", "Charge drawn at that place.", "Ah", 12, 6, **CAPACITY),
    quantity("delta_q_log_variance", "log10 of the variance of Q(V) less that of cycle 10.", "1", 10, 6, low=-100, high=100),
    quantity("capacity_slope_ah_per_cycle", "Slope of the last ten discharge capacities.", "Ah", 12, 8, low=-1000, high=1000),
    phase=5,
    **LAB,
)  # fmt: skip

label_soh = table(
    "label_soh",
    "State of health, capacity loss and remaining cycles, by definition and version.",
    key("label_id", "Unique identifier."),
    reference("cycle_id", cycle, "Cycle.", required=True),
    reference("cell_id", battery_cell, "Cell.", required=True),
    integer("cycle_index", "Number within the cell's life in this protocol, from 1.", low=1, high=10000000, required=True),
    one_of("definition", "What health is told by.", *SOH_DEFINITIONS, required=True),
    text("version", "Version of the definition.", 20, required=True),
    quantity("soh_pct", "State of health.", "%", 9, 4, low=-9999, high=9999, required=True),
    quantity("pcl", "Percentage of capacity loss, 1 - Q/Q_nominal, as a share.", "1", 9, 6, low=-100, high=100),
    integer("life_cycles", "Cycle at which life ended, where that was seen.", low=1, high=10000000),
    integer("rul_cycles", "Cycles left, 0 from the end on; NULL where the end was not seen.", low=0, high=10000000),
    one_of("censoring", "Whether the end was seen.", *CENSORING, required=True),
    quantity("end_of_life", "Criterion: share of the definition's scale.", "1", 6, 4, low=0, high=10, required=True),
    phase=5,
    **LAB,
)  # fmt: skip

battery_unit = table(
    "battery_unit",
    "Cells as training sees them: which side of the split, how long they lived.",
    key("unit_id", "Unique identifier."),
    reference("cell_id", battery_cell, "Cell.", required=True),
    integer("id", "Number of the cell, made of its identifier.", low=0, high=2147483647, required=True),
    one_of("group_tag", "Side of the split, always a whole cell.", "train", "val", "test"),
    integer("total_cycles", "Cycles seen.", low=0, high=10000000, required=True),
    quantity("nominal_capacity", "Nominal capacity.", "Ah", 10, 4, low=0, high=100000),
    phase=5,
    **LAB,
)

cycle_data = table(
    "cycle_data",
    "The training table: eight causal features of a cycle, its capacity loss and the cycles left.",
    key("row_id", "Unique identifier."),
    reference("cycle_id", cycle, "Cycle.", required=True),
    integer("id", "Number of the row, the same in every run.", low=0, high=2**62, required=True, wide=True),
    integer("battery_id", "battery_unit.id of the cell.", low=0, high=2147483647, required=True),
    integer("cycle_num", "Number within the cell's life, from 1.", low=1, high=10000000, required=True),
    quantity("feature_1", "Slope of the discharge capacity.", "Ah/cycle", 18, 9, low=-99999, high=99999),
    quantity("feature_2", "Discharge capacity that the same line shows now.", "Ah", 18, 9, low=-99999, high=99999),
    quantity("feature_3", "Mean temperature.", "°C", 18, 9, low=-100, high=500),
    quantity("feature_4", "Internal resistance.", "mΩ", 18, 9, low=0, high=99999999),
    quantity("feature_5", "Charge time.", "s", 18, 9, low=0, high=99999999),
    quantity("feature_6", "dQ/dV maximum.", "Ah/V", 18, 9, low=-99999999, high=99999999),
    quantity("feature_7", "dQ/dV minimum.", "Ah/V", 18, 9, low=-99999999, high=99999999),
    quantity("feature_8", "dQ/dV variance.", "Ah²/V²", 18, 9, low=0, high=99999999),
    quantity("pcl", "1 - Q/Q_nominal.", "1", 9, 6, low=-100, high=100),
    integer("rul", "Cycles left; NULL where the end of life was not seen.", low=0, high=10000000),
    phase=5,
    **LAB,
)  # fmt: skip

LAB_TABLES = (
    battery_pack, battery_cell, timeseries_point, test_session, cycle, label_soc, cycle_feature, label_soh,
    battery_unit, cycle_data,
)  # fmt: skip
