"""What all synthetic sites share: the jar's data-sheet values and the team that looks after it."""

from datetime import UTC, datetime

import polars as pl

from battery_assets.synthetic.worlds import WORLDS, World
from battery_assets.tables.identity import identity

INSTANT = pl.Datetime("us", "UTC")
Columns = dict[str, pl.DataType | type[pl.DataType]]
SINCE = datetime(2010, 1, 1, tzinfo=UTC)
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


def model_id(world: World) -> str:
    """Id of the battery model that a world's jars are of."""
    return identity("battery_model", world.model)


def battery_models() -> pl.DataFrame:
    """Rows of `battery_model`: HX12-120 as in the reference first, then what jars of other worlds are."""
    by_model = {world.model: world for world in reversed(WORLDS.values())}
    rows = [_battery_model(by_model[model]) for model in dict.fromkeys(w.model for w in WORLDS.values())]
    return pl.DataFrame(rows, schema_overrides={"datasheet_url": pl.String})


def _battery_model(world: World) -> dict:
    jar, share = world.product, world.six_cells
    return {
        "model_id": model_id(world),
        "model_name": world.model,
        "manufacturer": "Synthetic" if world.model.startswith("HX") else "Another synthetic",
        "chemistry": "VRLA",
        "nominal_voltage_v": 12.0 * share,
        "capacity_ah": jar.rated_ah,
        "float_voltage_min_v": 13.50 * share,
        "float_voltage_max_v": 13.80 * share,
        "boost_voltage_min_v": 14.40 * share,
        "boost_voltage_max_v": 14.70 * share,
        "max_charge_current_a": jar.max_charge_a,
        "temp_warning_c": 45.0,
        "temp_critical_c": 50.0,
        "expected_life_years": 10.0,
        "datasheet_url": None,
    }


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
