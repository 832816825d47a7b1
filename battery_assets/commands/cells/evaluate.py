"""battery-assets evaluate: a model of cells, or an ensemble, judged on a file that was kept back."""

from pathlib import Path

import click

from battery_assets.errors import UserError


@click.command()
@click.option("--model", type=int, help="Number of the model: lab_training.model.")
@click.option("--ensemble", type=int, help="Number of the ensemble: lab_training.model_ensemble.")
@click.option("--data", "paths", type=click.Path(exists=True, path_type=Path), multiple=True, required=True,
              help="A table of the layout of the model's lab; may be given several times.")  # fmt: skip
@click.option("--cells/--no-cells", default=False, help="Show the errors of each cell too.")
def evaluate(model: int | None, ensemble: int | None, paths: tuple[Path, ...], cells: bool) -> None:
    """Judge a model or an ensemble on cells that were kept back.

    Scores have 90 % intervals over cells. Rules without a model stand beside them.

    A cell that the model was trained or chosen on is refused, under whatever name it comes.

    \b
    Example:
      battery-assets evaluate --model 3 --data kept_back.parquet
      battery-assets evaluate --ensemble 1 --data kept_back.parquet
    """
    from rich.console import Console

    from battery_assets.actions.evaluate import judged
    from battery_assets.actions.report_tables import listed
    from battery_assets.actions.session import quiet_logs, session

    if (model is None) == (ensemble is None):
        raise UserError("one of --model and --ensemble is needed", "name one")
    number = model if model is not None else ensemble
    quiet_logs()
    with session() as at:
        scores = judged(at, int(number or 0), paths, ensemble=ensemble is not None)
    console = Console(highlight=False, markup=False)
    rows = [(name, *(f"{one:.5g}" for one in values)) for name, values in sorted(scores["scores"].items())]
    console.print(listed(["score", "value", "5 %", "95 %"], rows, left=(0,)))
    if cells:
        names = ["cell", "rows", "ended", "soh_rmse", "soh_mape", "rul_rmse", "too_short"]
        shown = [
            tuple(f"{v:.4g}" if isinstance(v, float) else str(v) for v in row) for row in scores["cells"]
        ]
        console.print(listed(names, shown, left=(0,)))
    if scores["quarantined"]:
        console.print(f"{scores['quarantined']} rows of the files cannot be, and were left out")
