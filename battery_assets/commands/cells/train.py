"""battery-assets train: networks on the cells of a lab."""

import click

from battery_assets.commands.terms import assigned

STRATEGIES = ("compare", "avg", "weighted_avg", "stacking")
ALGORITHMS = ("baseline", "bilstm", "deephpm")


@click.group()
def train() -> None:
    """Networks of health and cycles left, trained on a lab's cells and judged on those they did not see.

    \b
    Example:
      battery-assets train run deephpm --lab severson --set epochs=30 --set dynamics=verhulst
    """


@train.command()
@click.argument("algorithm", type=click.Choice(ALGORITHMS))
@click.option("--lab", required=True, help="Lab whose cells are learned from.")
@click.option("--name", "model_name", default="", help="Name of the model; the lab's and the algorithm's.")
@click.option(
    "--set", "terms", multiple=True, metavar="TERM=VALUE", help="A term of the recipe, as epochs=30."
)
def run(algorithm: str, lab: str, model_name: str, terms: tuple[str, ...]) -> None:
    """Train a network now, in this process; Ctrl-C fails it, `train stop` from elsewhere keeps what it has.

    \b
    Example:
      battery-assets train run baseline --lab severson --set seed=8
    """
    from battery_assets.actions import train as action
    from battery_assets.actions.session import quiet_logs, session

    quiet_logs()
    asked = {"algorithm": algorithm, "model_name": model_name, "hyperparams": assigned(terms)}
    with session() as at:
        number = action.ask_training(at, lab, asked)
        click.echo(f"training {number}: {algorithm} on {lab}")
        row = action.run_training(at, lab, number)
        click.echo(f"{row['status']} after {row['current_epoch']} epochs")
        for name, value in sorted(action.scores_of(at, number).items()):
            click.echo(f"  {name:32} {value:.5g}")


@train.command()
@click.argument("strategy", type=click.Choice(STRATEGIES))
@click.argument("models", type=int, nargs=-1)
@click.option("--lab", required=True, help="Lab whose cells they were trained on.")
def ensemble(strategy: str, models: tuple[int, ...], lab: str) -> None:
    """Let MODELS, by their numbers, speak together, and show them beside the best single one.

    Without numbers the newest model of each algorithm of the lab speaks.

    \b
    Example:
      battery-assets train ensemble weighted_avg 1 2 3 --lab severson
    """
    from battery_assets.actions import train as action
    from battery_assets.actions.session import quiet_logs, session

    quiet_logs()
    with session() as at:
        action.combine(at, lab, strategy, list(models))
        for name, value in sorted(action.ensemble_scores(at).items()):
            click.echo(f"  {name:32} {value:.5g}")


@train.command()
@click.option("--one", type=int, multiple=True, required=True, help="A training of the first; repeat it.")
@click.option("--other", type=int, multiple=True, required=True, help="A training of the second; repeat it.")
@click.option("--lab", required=True, help="Lab whose cells they were trained on.")
def compare(one: tuple[int, ...], other: tuple[int, ...], lab: str) -> None:
    """Hold two models against each other, cell by cell: the mean difference of errors with its 90 % interval.

    Each side is one recipe, trained with five seeds or more. Below 0 the first one is better.

    \b
    Example:
      battery-assets train compare --one 1 --one 2 --other 3 --other 4 --lab severson
    """
    from rich.console import Console

    from battery_assets.actions import train as action
    from battery_assets.actions.report_tables import listed
    from battery_assets.actions.session import quiet_logs, session

    quiet_logs()
    names = ("error", "slice", "cells", "one", "other", "difference", "low", "high", "one_better", "verdict")
    with session() as at:
        compared = action.compare(at, lab, list(one), list(other))
    rows = [
        tuple(f"{row[k]:.4g}" if isinstance(row[k], float) else str(row[k] or "") for k in names)
        for row in compared
    ]
    Console(highlight=False, markup=False).print(listed(list(names), rows, left=(0, 1, 9)))


@train.command("list")
def list_() -> None:
    """Show every training, its state and how far it is.

    \b
    Example:
      battery-assets train list
    """
    from battery_assets.actions import train as action
    from battery_assets.actions.report_tables import listed
    from battery_assets.actions.session import quiet_logs, session

    quiet_logs()
    names = ("id", "model_name", "algorithm", "status", "current_epoch", "reason")
    with session() as at:
        from rich.console import Console

        rows = [tuple(row[name] or "" for name in names) for row in action.listed(at)]
        Console(highlight=False, markup=False).print(listed(list(names), rows, left=(1, 2, 3, 5)))


@train.command()
@click.argument("number", type=int)
def stop(number: int) -> None:
    """End a training with its next epoch; the best weights so far become its model.

    \b
    Example:
      battery-assets train stop 7
    """
    from battery_assets.actions import train as action
    from battery_assets.actions.session import quiet_logs, session

    quiet_logs()
    with session() as at:
        click.echo(f"training {number}: {action.stop_training(at, number)}")
