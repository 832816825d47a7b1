"""battery-assets predict: what a model, or an ensemble, says of a cell."""

import json
from pathlib import Path

import click

from battery_assets.errors import UserError


@click.command()
@click.option("--model", type=int, help="Number of the model: lab_training.model.")
@click.option("--ensemble", type=int, help="Number of the ensemble: lab_training.model_ensemble.")
@click.option("--battery", type=int, help="A cell of the model's lab: battery_unit.id.")
@click.option("--payload", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help='Stated cycles, as {"cycles": [{"cycle_num": 1, "feature_1": 0.01}, ...]}.')  # fmt: skip
def predict(model: int | None, ensemble: int | None, battery: int | None, payload: Path | None) -> None:
    """Say health and cycles left of a cell at its last cycle, with 90 % intervals, and store it.

    \b
    Example:
      battery-assets predict --model 3 --battery 1204
      battery-assets predict --ensemble 1 --payload cell.json
    """
    from battery_assets.actions.predict import said_of
    from battery_assets.actions.session import quiet_logs, session

    if (model is None) == (ensemble is None):
        raise UserError("one of --model and --ensemble is needed", "name one")
    stated = None
    if payload is not None:
        try:
            stated = json.loads(payload.read_text(encoding="utf-8"))
        except ValueError as error:
            raise UserError(f"payload: {payload} is no JSON: {error}", "correct the file") from error
    quiet_logs()
    number = model if model is not None else ensemble
    with session() as at:
        answers = said_of(
            at, int(number or 0), battery_id=battery, payload=stated, ensemble=ensemble is not None
        )
    shown = {name: answers[name] for name in ("soh", "rul", "result", "details") if name in answers}
    click.echo(json.dumps(shown, indent=1))
