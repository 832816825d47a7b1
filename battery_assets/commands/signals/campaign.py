"""battery-assets campaign: searches for settings of a model, and for a network that fits a gateway."""

import click

from battery_assets.commands.terms import assigned

METHODS = ("grid_search", "random_search", "bayesian", "hyperband")
TUNED = (
    "cnn1d", "forest_moments", "forest_lines", "forest_own_lines", "forest_curve", "forest_own_curve",
)  # fmt: skip


@click.group()
def campaign() -> None:
    """Campaigns: many trials on the validation systems of a dataset; what was chosen is tested once.

    \b
    Example:
      battery-assets campaign tune forest-1 random_search --dataset first --trials 8
    """


@campaign.command()
@click.argument("name")
@click.argument("method", type=click.Choice(METHODS))
@click.option("--dataset", required=True, help="Dataset.")
@click.option("--model", type=click.Choice(TUNED), default="forest_own_lines", show_default=True)
@click.option("--trials", type=int, default=12, show_default=True, help="Trials; a grid has its own number.")
@click.option("--epochs", type=int, default=20, show_default=True, help="Most epochs of a network.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--space", default="", help="The search space as JSON; without it the model's own.")
def tune(
    name: str, method: str, dataset: str, model: str, trials: int, epochs: int, seed: int, space: str
) -> None:
    """Search for settings of a model, and test the best once.

    \b
    Example:
      battery-assets campaign tune net-1 hyperband --dataset first --model cnn1d --trials 9
    """
    asked = {
        "method": method, "dataset": dataset, "base_model_type": model, "trials": trials, "epochs": epochs,
        "seed": seed, **(assigned((f"search_space={space}",)) if space else {}),
    }  # fmt: skip
    _run("hpo_campaign", name, asked)


@campaign.command()
@click.argument("name")
@click.option("--dataset", required=True, help="Dataset.")
@click.option("--algorithm", type=click.Choice(["random", "evolution"]), default="random", show_default=True)
@click.option("--trials", type=int, default=14, show_default=True, help="Networks.")
@click.option("--epochs", type=int, default=10, show_default=True, help="Epochs of each.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--set", "terms", multiple=True, metavar="TERM=VALUE", help="A term of the space, as width=[8]."
)
def network(
    name: str, dataset: str, algorithm: str, trials: int, epochs: int, seed: int, terms: tuple[str, ...]
) -> None:
    """Search for a small network; best and median are trained again with fresh seeds.

    \b
    Example:
      battery-assets campaign network gateway-1 --dataset first --trials 14
    """
    asked = {
        "search_algorithm": algorithm, "dataset": dataset, "trials": trials, "epochs": epochs, "seed": seed,
        "space": assigned(terms),
    }  # fmt: skip
    _run("nas_campaign", name, asked)


@campaign.command()
@click.argument("name")
@click.argument("signal", type=click.Choice(["float_below_median", "jar_above_room", "r_vs_baseline"]))
@click.option("--site", "sites", multiple=True, required=True, help="Site; may be given again.")
@click.option("--month", "months", multiple=True, required=True, help="Month, YYYY-MM; three at least.")
@click.option(
    "--method", type=click.Choice([one for one in METHODS if one != "hyperband"]), default="random_search"
)
@click.option("--trials", type=int, default=40, show_default=True, help="Rules; a grid has its own number.")
@click.option(
    "--missed-costs", type=float, default=10.0, show_default=True, help="Drives that a missed one costs."
)
@click.option("--seed", type=int, default=1, show_default=True)
def rule(
    name: str, signal: str, sites: tuple[str, ...], months: tuple[str, ...], method: str, trials: int,
    missed_costs: float, seed: int,
) -> None:  # fmt: skip
    """Search an alert rule of SIGNAL on months that are over: limit, N of M hours, hysteresis.

    What is missed stands against truck rolls; the front holds the rules that no other one beats in both.

    \b
    Example:
      battery-assets campaign rule low-1 float_below_median --site bangrak --month 2025-01 \\
        --month 2025-02 --month 2025-03
    """
    from battery_assets.actions.session import quiet_logs, session
    from battery_assets.actions.signals import campaigns as action

    asked = {
        "signal": signal, "sites": list(sites), "months": list(months), "method": method, "trials": trials,
        "missed_costs": missed_costs, "seed": seed,
    }  # fmt: skip
    quiet_logs()
    with session() as at:
        judged = action.search_rule(at, name, asked)
        for one in [*judged["front"], judged["as_it_is"]]:
            earlier, later = one["earlier"], one["later"]
            words = ", ".join(f"{key} {value:g}" for key, value in sorted(one["rule"].items()))
            which = f"trial {one['trial']}" if "trial" in one else "as it is"
            click.echo(
                f"{which}: {words}: missed "
                f"{earlier['missed']} of {earlier['failures']}, truck rolls {earlier['truck_rolls']}; later "
                f"{later['missed']} of {later['failures']}, {later['truck_rolls']}"
            )


def _run(kind: str, name: str, asked: dict) -> None:
    from battery_assets.actions.session import quiet_logs, session
    from battery_assets.actions.signals import campaigns as action

    quiet_logs()
    with session() as at:
        _show(action.run_campaign(at, kind, name, asked), action.verdict_of(at, name))


def _show(row: dict, verdict: dict) -> None:
    click.echo(f"{row['name']}: {row['status']}, {row['done']} of {row['of']} trials")
    if row["best_accuracy"] is not None:
        click.echo(f"  best on validation systems: AUROC {row['best_accuracy']:.4f}")
    for which in ("best", "median", "largest"):
        if one := verdict.get(which):
            click.echo(f"  {which:8} again with fresh seeds: {one['mean']:.4f} +- {one['sd']:.4f}")
    if verdict:
        verdict_words = "best is above median" if verdict["resolved"] else "unresolved: noise decides"
        larger = "" if verdict["beats_largest"] else ", and does not beat the largest"
        click.echo(f"  {verdict_words}{larger}")


@campaign.command()
@click.argument("name")
def resume(name: str) -> None:
    """Go on with the campaign NAME where it failed or was stopped.

    \b
    Example:
      battery-assets campaign resume forest-1
    """
    from battery_assets.actions.session import quiet_logs, session
    from battery_assets.actions.signals import campaigns as action

    quiet_logs()
    with session() as at:
        _show(action.resume_campaign(at, name), action.verdict_of(at, name))


@campaign.command()
@click.argument("name")
def work(name: str) -> None:
    """Do trials of the campaign NAME beside its other workers, until none is left.

    \b
    Example:
      battery-assets campaign work forest-1
    """
    from battery_assets.actions.session import quiet_logs, session
    from battery_assets.actions.signals import campaigns as action

    quiet_logs()
    with session() as at:
        click.echo(f"{name}: {action.join_campaign(at, name)} trials done here")


@campaign.command()
@click.argument("name")
def stop(name: str) -> None:
    """End the campaign NAME with its next trial.

    \b
    Example:
      battery-assets campaign stop forest-1
    """
    from battery_assets.actions.session import quiet_logs, session
    from battery_assets.actions.signals import campaigns as action

    quiet_logs()
    with session() as at:
        click.echo(f"{name}: {action.stop_campaign(at, name)}")


@campaign.command("list")
def list_() -> None:
    """Show every campaign, and which have no random search beside them.

    \b
    Example:
      battery-assets campaign list
    """
    from battery_assets.actions.report_tables import listed
    from battery_assets.actions.session import quiet_logs, session
    from battery_assets.actions.signals import campaigns as action

    quiet_logs()
    with session() as at:
        from rich.console import Console

        every = action.campaigns(at)
        rows = [
            (row["name"], row["method"], row["what"], row["status"], f"{row['done']}/{row['of']}",
             "" if row["best_accuracy"] is None else f"{row['best_accuracy']:.4f}")
            for row in every
        ]  # fmt: skip
        heads = ["campaign", "method", "of", "state", "trials", "AUROC"]
        Console(highlight=False, markup=False).print(listed(heads, rows, left=(0, 1, 2, 3)))
        if alone := action.without_random(every):
            click.echo(f"no random search of the same stands beside {', '.join(alone)}")
