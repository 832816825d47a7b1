"""Calculated aggregates: test results and features."""

import sqlalchemy as sa

from battery_assets.tables.definition import (
    instant,
    integer,
    one_of,
    quantity,
    reference,
    table,
)
from battery_assets.tables.fleet.p1_master import battery
from battery_assets.tables.fleet.p3_raw_transactions import capacity_test_raw, impedance_measurement_raw

capacity_test_calc = table(
    "capacity_test_calc",
    "Capacity that a discharge test measured.",
    reference("test_id", capacity_test_raw, "Test reference.", part_of_key=True),
    quantity("measured_capacity_ah", "Measured capacity.", "Ah", 6, 2, low=0, high=10000),
    quantity("capacity_pct_of_rated", "Capacity as % of rated.", "%", 5, 2, low=0, high=1000),
    one_of("pass_fail", "Verdict.", "pass", "fail", "marginal"),
    phase=5,
    may_be_empty=True,
)

impedance_measurement_calc = table(
    "impedance_measurement_calc",
    "Ohmic readings brought to 25 °C and set against the baseline.",
    reference("measurement_id", impedance_measurement_raw, "Measurement reference.", part_of_key=True),
    quantity(
        "temp_corrected_resistance_mohm", "Temperature-normalized value.", "mΩ", 8, 3, low=0, high=100000
    ),
    quantity("baseline_pct", "% of initial baseline.", "%", 5, 2, low=0, high=1000),
    phase=5,
    may_be_empty=True,
)

feature_store = table(
    "feature_store",
    "Features of a jar over 1, 24 and 168 hours.",
    instant("feature_ts", "Feature window end time.", part_of_key=True),
    reference("battery_id", battery, "Battery reference.", part_of_key=True),
    integer(
        "feature_window_hours", "Aggregation window (e.g., 1, 24, 168).", low=1, high=8784, part_of_key=True
    ),
    quantity("v_mean", "Mean voltage.", "V", 5, 3, low=0, high=99.999),
    quantity("v_std", "Voltage std dev.", "V", 5, 4, low=0, high=10),
    quantity("v_min", "Min voltage.", "V", 5, 3, low=0, high=99.999),
    quantity("v_max", "Max voltage.", "V", 5, 3, low=0, high=99.999),
    quantity("v_balance_mean", "Mean voltage imbalance.", "V", 5, 4, low=0, high=10),
    quantity("t_mean", "Mean temperature.", "°C", 4, 1, low=-40, high=100),
    quantity("t_max", "Max temperature.", "°C", 4, 1, low=-40, high=100),
    quantity("t_delta_ambient_mean", "Mean temp above ambient.", "K", 4, 2, low=-99, high=99),
    quantity("r_internal_latest", "Latest resistance.", "mΩ", 8, 3, low=0, high=100000),
    quantity("r_internal_baseline_pct", "% of baseline.", "%", 5, 2, low=0, high=1000),
    integer("discharge_cycles_count", "Discharge events in window.", low=0, high=100000),
    quantity("ah_throughput", "Cumulative Ah throughput.", "Ah", 8, 2, low=0, high=1000000),
    integer("time_below_float_min", "Minutes below float band.", low=0, high=600000),
    integer("time_above_float_min", "Minutes above float band.", low=0, high=600000),
    integer("surge_events_count", "High-current events.", low=0, high=100000),
    quantity("ripple_rms_mean", "Mean ripple voltage.", "V rms", 5, 3, low=0, high=100),
    quantity("thd_mean", "Mean of thd_pct, harmonics of the rectifier's f1.", "%", 5, 2, low=0, high=1000),
    phase=5,
    indexes=[
        sa.Index(
            "idx_feature_store_battery_window",
            "battery_id",
            "feature_window_hours",
            sa.text("feature_ts DESC"),
        )
    ],
    month_leaves=True,
    dated_by="feature_ts",
)
