"""What all synthetic sites share: the jar's data-sheet values and the team that looks after it."""

from datetime import UTC, datetime

import polars as pl

from battery_assets.physics.parameters.vrla_12v120ah import HX12_120
from battery_assets.tables.identity import identity

INSTANT = pl.Datetime("us", "UTC")
Columns = dict[str, pl.DataType | type[pl.DataType]]
SINCE = datetime(2010, 1, 1, tzinfo=UTC)
HX12_120_ID = identity("battery_model", "HX12-120")
# Invented people; example.com can never be anyone's address.
TEAM = (
    ("admin", "Anong Charoensuk", "admin"),
    ("engineer1", "Niran Phongphan", "engineer"),
    ("engineer2", "Kanya Rattanakul", "engineer"),
    ("operator1", "Somsak Intharat", "operator"),
    ("operator2", "Malee Saetang", "operator"),
    ("operator3", "Prasert Wongsa", "operator"),
    ("viewer", "Siriporn Thongdee", "viewer"),
)
USER_IDS = {short: identity("user", short) for short, _, _ in TEAM}
TECHNICIANS = tuple(USER_IDS[short] for short, _, role in TEAM if role in ("engineer", "operator"))


def battery_models() -> pl.DataFrame:
    """Rows of `battery_model`: HX12-120 as in `physics.parameters.vrla_12v120ah` and the reference."""
    row = {
        "model_id": HX12_120_ID,
        "model_name": "HX12-120",
        "manufacturer": "Synthetic",
        "chemistry": "VRLA",
        "nominal_voltage_v": 12.0,
        "capacity_ah": HX12_120.rated_ah,
        "float_voltage_min_v": 13.50,
        "float_voltage_max_v": 13.80,
        "boost_voltage_min_v": 14.40,
        "boost_voltage_max_v": 14.70,
        "max_charge_current_a": HX12_120.max_charge_a,
        "temp_warning_c": 45.0,
        "temp_critical_c": 50.0,
        "expected_life_years": 10.0,
        "datasheet_url": None,
    }
    return pl.DataFrame([row], schema_overrides={"datasheet_url": pl.String})


def users() -> pl.DataFrame:
    """Rows of `user`: one admin, two engineers, three operators, one viewer, for all locations (null)."""
    rows = [
        {
            "user_id": USER_IDS[short],
            "email": f"{short}@example.com",
            "name": name,
            "role": role,
            "location_ids": None,
            "is_active": True,
            "created_at": SINCE,
            "updated_at": SINCE,
        }
        for short, name, role in TEAM
    ]
    schema: Columns = {"location_ids": pl.String, "created_at": INSTANT, "updated_at": INSTANT}
    return pl.DataFrame(rows, schema_overrides=schema)
