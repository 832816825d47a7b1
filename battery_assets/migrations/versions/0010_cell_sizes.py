"""The lab's numbers that scale with a cell's size hold from 10 µAh to 1,000 Ah."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TYPES = {
    "battery_pack": {"nominal_capacity_ah": (16, 10)},
    "battery_cell": {"nominal_capacity_ah": (16, 10)},
    "timeseries_point": {"current_a": (15, 10)},
    "cycle": {
        "charge_capacity_ah": (17, 12),
        "discharge_capacity_ah": (17, 12),
        "current_max_a": (15, 10),
    },
    "cycle_feature": {
        "charge_capacity_ah": (17, 12),
        "discharge_capacity_ah": (17, 12),
        "charge_energy_wh": (16, 10),
        "discharge_energy_wh": (16, 10),
        "internal_resistance_mohm": (16, 6),
        "current_max_a": (15, 10),
        "dqdv_max_ah_per_v": (19, 12),
        "dqdv_min_ah_per_v": (19, 12),
        "dqdv_area_ah": (17, 12),
        "dqdv_variance": (30, 18),
        "dvdq_peak_v_per_ah": (20, 10),
        "dvdq_peak_ah": (17, 12),
        "capacity_slope_ah_per_cycle": (19, 14),
    },
    "battery_unit": {"nominal_capacity": (16, 10)},
    "cycle_data": {
        "feature_1": (19, 14),
        "feature_2": (17, 12),
        "feature_4": (19, 9),
        "feature_6": (19, 12),
        "feature_7": (19, 12),
        "feature_8": (30, 18),
    },
}
LIMITS = {
    "cycle_feature": {
        "charge_energy_wh": (-100000, 100000),
        "discharge_energy_wh": (-100000, 100000),
        "internal_resistance_mohm": (0, 9999999999),
        "dqdv_max_ah_per_v": (-1000000, 1000000),
        "dqdv_min_ah_per_v": (-1000000, 1000000),
        "dqdv_variance": (0, 999999999999),
        "dvdq_peak_v_per_ah": (-9999999999, 9999999999),
        "capacity_slope_ah_per_cycle": (-99999, 99999),
    },
    "cycle_data": {
        "feature_4": (0, 9999999999),
        "feature_6": (-1000000, 1000000),
        "feature_7": (-1000000, 1000000),
        "feature_8": (0, 999999999999),
    },
}


def upgrade() -> None:
    """Widen them, in one transaction; each table is written anew once."""
    for table, types in TYPES.items():
        changes = [
            f"ALTER COLUMN {name} TYPE NUMERIC({digits}, {scale})" for name, (digits, scale) in types.items()
        ]
        for name, (low, high) in LIMITS.get(table, {}).items():
            limit = f"ck_{table}_{name}"
            changes += [
                f"DROP CONSTRAINT {limit}",
                f"ADD CONSTRAINT {limit} CHECK ({name} BETWEEN {low} AND {high})",
            ]
        op.execute(f"ALTER TABLE lab.{table} {', '.join(changes)}")


def downgrade() -> None:
    """Refused: what was kept to more digits would be rounded."""
    raise NotImplementedError("migrations are not undone: restore an older database instead")
