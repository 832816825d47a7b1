"""What training sees of cells under test: features, labels, the split, and the training table."""

from battery_assets.tables.definition import document, integer, key, one_of, quantity, reference, table, text
from battery_assets.tables.lab.bench import battery_cell, cycle, test_session
from battery_assets.tables.lab.quantities import (
    charge_ah,
    charge_per_cycle,
    charge_per_volt,
    charge_per_volt_variance,
    current_a,
    energy_wh,
    nominal_ah,
    resistance_mohm,
    volts_per_charge,
)

SOH_DEFINITIONS = ("capacity", "resistance")
CENSORING = ("observed", "right_censored", "started_below")

cycle_feature = table(
    "cycle_feature",
    "Features of each cycle; none looks at a later cycle.",
    key("feature_id", "Unique identifier."),
    reference("cycle_id", cycle, "Cycle.", required=True),
    reference("session_id", test_session, "Test.", required=True),
    reference("cell_id", battery_cell, "Cell.", required=True),
    integer("cycle_index", "Number within the test, from 1.", low=1, high=10000000, required=True),
    charge_ah("charge_capacity_ah", "Charge put in."),
    charge_ah("discharge_capacity_ah", "Charge drawn, down to the cut-off voltage."),
    energy_wh("charge_energy_wh", "Energy put in."),
    energy_wh("discharge_energy_wh", "Energy drawn."),
    quantity("coulombic_efficiency_pct", "Charge drawn over charge put in.", "%", 12, 4, low=0, high=9999999),
    quantity("energy_efficiency_pct", "Energy drawn over energy put in.", "%", 12, 4, low=0, high=9999999),
    quantity("charge_time_s", "Time on charge.", "s", 12, 2, low=0, high=9999999999),
    quantity("discharge_time_s", "Time on discharge.", "s", 12, 2, low=0, high=9999999999),
    quantity("cc_charge_time_s", "Time on charge at constant current.", "s", 12, 2, low=0, high=9999999999),
    quantity("cv_charge_time_s", "Time on charge at constant voltage.", "s", 12, 2, low=0, high=9999999999),
    resistance_mohm("internal_resistance_mohm", "dV/dI of the first step into discharge."),
    quantity("resistance_step_s", "Seconds between that step's samples.", "s", 8, 3, low=0, high=99999),
    quantity("voltage_mean_v", "Mean of the discharge, weighted by time.", "V", 10, 6, low=-100, high=9999),
    quantity("voltage_min_v", "Lowest of the discharge.", "V", 10, 6, low=-100, high=9999),
    quantity("voltage_max_v", "Highest of the discharge.", "V", 10, 6, low=-100, high=9999),
    quantity("temperature_mean_c", "Mean, weighted by time.", "°C", 7, 3, low=-100, high=500),
    quantity("temperature_min_c", "Lowest.", "°C", 7, 3, low=-100, high=500),
    quantity("temperature_max_c", "Highest.", "°C", 7, 3, low=-100, high=500),
    current_a("current_max_a", "Largest current either way.", low=0),
    charge_per_volt("dqdv_max_ah_per_v", "Peak of dQ/dV of the discharge (Gaussian of 10 mV)."),
    quantity("dqdv_peak_v", "Voltage of that peak.", "V", 10, 6, low=-100, high=9999),
    charge_per_volt("dqdv_min_ah_per_v", "Lowest dQ/dV, 30 mV inside the ends."),
    charge_ah("dqdv_area_ah", "Area under dQ/dV."),
    charge_per_volt_variance("dqdv_variance", "Variance of dQ/dV over voltage."),
    volts_per_charge("dvdq_peak_v_per_ah", "Steepest -dV/dQ between 10 and 90 % of the charge."),
    charge_ah("dvdq_peak_ah", "Charge drawn at that place."),
    quantity(
        "delta_q_log_variance",
        "log10 of the variance of Q(V) less that of cycle 10.",
        "1",
        10,
        6,
        low=-100,
        high=100,
    ),
    charge_per_cycle("capacity_slope_ah_per_cycle", "Slope of the last ten discharge capacities.", "Ah"),
    phase=5,
    schema="lab",
    lab=True,
    may_be_empty=True,
)

label_soh = table(
    "label_soh",
    "State of health, capacity loss and remaining cycles, by definition and version.",
    key("label_id", "Unique identifier."),
    reference("cycle_id", cycle, "Cycle.", required=True),
    reference("cell_id", battery_cell, "Cell.", required=True),
    integer(
        "cycle_index",
        "Number within the cell's life in this protocol, from 1.",
        low=1,
        high=10000000,
        required=True,
    ),
    one_of("definition", "What health is told by.", *SOH_DEFINITIONS, required=True),
    text("version", "Version of the definition.", 20, required=True),
    quantity("soh_pct", "State of health.", "%", 9, 4, low=-9999, high=9999, required=True),
    quantity(
        "pcl", "Percentage of capacity loss, 1 - Q/Q_nominal, as a share.", "1", 9, 6, low=-100, high=100
    ),
    integer("life_cycles", "Cycle at which life ended, where that was seen.", low=1, high=10000000),
    integer(
        "rul_cycles", "Cycles left, 0 from the end on; NULL where the end was not seen.", low=0, high=10000000
    ),
    one_of("censoring", "Whether the end was seen.", *CENSORING, required=True),
    quantity(
        "end_of_life", "Criterion: share of the definition's scale.", "1", 6, 4, low=0, high=10, required=True
    ),
    phase=5,
    schema="lab",
    lab=True,
    may_be_empty=True,
)

battery_unit = table(
    "battery_unit",
    "Cells as training sees them: which side of the split, how long they lived.",
    key("unit_id", "Unique identifier."),
    reference("cell_id", battery_cell, "Cell.", required=True),
    integer("id", "Number of the cell, made of its identifier.", low=0, high=2147483647, required=True),
    one_of("group_tag", "Side of the split, always a whole cell.", "train", "val", "test"),
    integer("total_cycles", "Cycles seen.", low=0, high=10000000, required=True),
    nominal_ah("nominal_capacity"),
    document("source", "File, sha256 and layout of a cell that came as a table of cycles."),
    phase=5,
    schema="lab",
    lab=True,
    may_be_empty=True,
)

cycle_data = table(
    "cycle_data",
    "The training table: eight features of a cycle, its capacity loss and the cycles left. Of tests they are "
    "causal and as described; of imported tables of cycles they are what their layout names.",
    key("row_id", "Unique identifier."),
    reference("cycle_id", cycle, "Cycle; NULL where it came as a table of cycles."),
    integer("id", "Number of the row, the same in every run.", low=0, high=2**53, required=True, wide=True),
    integer("battery_id", "battery_unit.id of the cell.", low=0, high=2147483647, required=True),
    integer("cycle_num", "Number within the cell's life, from 1.", low=1, high=4000000, required=True),
    charge_per_cycle("feature_1", "Slope of the discharge capacity.", "Ah/cycle"),
    charge_ah("feature_2", "Discharge capacity that the same line shows now.", limit=99999),
    quantity("feature_3", "Mean temperature.", "°C", 18, 9, low=-100, high=500),
    resistance_mohm("feature_4", "Internal resistance.", scale=9),
    quantity("feature_5", "Charge time.", "s", 18, 9, low=0, high=9000000),
    charge_per_volt("feature_6", "dQ/dV maximum."),
    charge_per_volt("feature_7", "dQ/dV minimum."),
    charge_per_volt_variance("feature_8", "dQ/dV variance."),
    quantity("pcl", "1 - Q/Q_nominal.", "1", 9, 6, low=-100, high=100),
    integer("rul", "Cycles left; NULL where the end of life was not seen.", low=0, high=10000000),
    phase=5,
    schema="lab",
    lab=True,
    may_be_empty=True,
)
