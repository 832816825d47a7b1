"""The remaining-life model in production taken back: what served before it serves again."""

import sqlalchemy as sa

from battery_assets.actions.session import Session, run_here
from battery_assets.errors import UserError
from battery_assets.fleet.p6_ml_digital_twin.registered import REMAINING_LIFE
from battery_assets.platform.tracking import Tracking

_SERVING = """
SELECT version, month, artifact_url FROM ml.ml_model
WHERE status = 'production' ORDER BY training_data_end DESC, trained_at DESC LIMIT 2
"""


def roll_back(at: Session) -> tuple[str, str | None]:
    """Withdraw the newest model in production; the one before it serves, else the twin.

    Returns the version that was withdrawn, and the one that serves now. The registry, its aliases and
    `ml_model` say the same afterwards. UserError where no model is in production.
    """
    with at.warehouse.transaction() as connection:
        rows = connection.execute(sa.text(_SERVING)).all()
    if not rows:
        raise UserError("no remaining-life model is in production", "the twin tells the remaining lives")
    name = REMAINING_LIFE.registered_name
    tracking = Tracking(tracking_uri=at.settings.mlflow_tracking_uri, artifact_root=at.settings.artifacts_url)
    own, before = (rows[0], rows[1]) if len(rows) > 1 else (rows[0], None)
    withdrawn = own.artifact_url.rsplit("/", 1)[1]
    same_cutoff = [
        entry["version"]
        for entry in tracking.versions(name, {"cutoff_month": str(own.month)})
        if entry["tags"].get("gate", "passed") == "passed"
        and "withdrawn_ms" not in entry["tags"]
        and int(entry["version"]) < int(withdrawn)
    ]
    instead = same_cutoff[-1] if same_cutoff else before.artifact_url.rsplit("/", 1)[1] if before else None
    tracking.withdraw(name, withdrawn, instead)
    run_here("models", str(own.month))
    with at.warehouse.transaction() as connection:
        serving = connection.execute(sa.text(_SERVING)).first()
    return own.version, serving.version if serving else None
