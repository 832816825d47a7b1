"""battery-assets experiment: models on datasets of signals, judged on systems that they never saw."""

import click

from battery_assets.commands.signals.dataset import leaked
from battery_assets.commands.terms import assigned

MODELS = (
    "rule", "rule_own", "rule_labels", "forest_moments", "forest_lines", "forest_own_lines", "cnn1d",
    "index_only", "end_drop", "forest_curve", "forest_own_curve",
)  # fmt: skip


@click.group()
def experiment() -> None:
    """Experiments: a model, a dataset, a split, a seed.

    \b
    Example:
      battery-assets experiment run net-1 cnn1d --dataset first --set epochs=20
    """


@experiment.command()
@click.argument("name")
@click.argument("model", type=click.Choice(MODELS))
@click.option("--dataset", required=True, help="Dataset.")
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of split and model.")
@click.option("--split", type=click.Choice(["system", "window"]), default="system", show_default=True)
@click.option("--control", type=click.Choice(["shuffled_labels"]), help="Learn labels that mean nothing.")
@click.option("--set", "terms", multiple=True, metavar="TERM=VALUE", help="A number of the model.")
def run(
    name: str, model: str, dataset: str, seed: int, split: str, control: str | None, terms: tuple[str, ...]
) -> None:
    """Carry out the experiment NAME now, in this process.

    \b
    Example:
      battery-assets experiment run own-1 forest_own_lines --dataset first
    """
    from battery_assets.actions.session import quiet_logs, session
    from battery_assets.actions.signals import experiments as action

    quiet_logs()
    asked = {
        "model_type": model, "dataset": dataset, "seed": seed, "split": split, "control": control or "",
        "hyperparameters": assigned(terms),
    }  # fmt: skip
    with session() as at:
        row = action.run_experiment(at, name, asked)
        click.echo(f"{name}: {row['status']} in {row['duration_seconds']:.1f} s")
        for key, value in sorted(row["metrics"].items()):
            if not key.endswith(("_low", "_high")):
                click.echo(f"  {key:28} {value:.4f}")


@experiment.command()
@click.argument("name")
def stop(name: str) -> None:
    """End the experiment NAME with its next epoch; the best weights so far are judged and kept.

    \b
    Example:
      battery-assets experiment stop net-1
    """
    from battery_assets.actions.session import quiet_logs, session
    from battery_assets.actions.signals import experiments as action

    quiet_logs()
    with session() as at:
        click.echo(f"{name}: {action.stop_experiment(at, name)}")


@experiment.command()
@click.argument("name")
def explain(name: str) -> None:
    """Explain what made the network of the experiment NAME speak, where the method earned its place.

    Of ripple that is lines, of discharges seconds.

    \b
    Example:
      battery-assets experiment explain net-1
    """
    from battery_assets.actions.session import quiet_logs, session
    from battery_assets.actions.signals import experiments as action

    quiet_logs()
    with session() as at:
        rows = action.explain(at, name)
        if not rows:
            click.echo("no explanation: no method points at what a fault changes; see table explanations")
        for row in rows:
            scores = row["explanation_data"]
            unit, places = ("Hz", scores["hz"]) if "hz" in scores else ("s", scores["seconds"])
            top = sorted(zip(scores["shares"], places, strict=True), reverse=True)
            lines = ", ".join(f"{place:g} {unit} {share:+.2f}" for share, place in top[:3])
            click.echo(f"{row['signal_id']:24} {scores['fault']:16} {row['method']:22} {lines}")


@experiment.command()
@click.argument("dataset")
def compare(dataset: str) -> None:
    """Rank the experiments on DATASET; what noise cannot part shares a rank.

    \b
    Example:
      battery-assets experiment compare first
    """
    from battery_assets.actions.report_tables import listed
    from battery_assets.actions.session import quiet_logs, session
    from battery_assets.actions.signals import experiments as action

    quiet_logs()
    with session() as at:
        from rich.console import Console

        meta, ranked, missing = action.compare(at, dataset)
        last, name = ("jar", "jar_named") if meta.get("kind") == "discharges" else ("both", "both_named")
        rows = [
            (row.rank, row.label, row.seeds, f"{row.scores['macro_auroc']:.4f}", f"{row.low:.4f}",
             f"{row.high:.4f}", _of(row.scores, "sound_called_sound"), _of(row.scores, name))
            for row in ranked
        ]  # fmt: skip
        heads = ["rank", "model", "seeds", "AUROC", "5 %", "95 %", "sound", last]
        Console(highlight=False, markup=False).print(listed(heads, rows, left=(1,)))
        click.echo(leaked(meta))
        if missing:
            click.echo(f"not tried yet: {', '.join(missing)}; without them no row says what it is worth")


def _of(scores: dict, name: str) -> str:
    return f"{scores[name]:.3f}" if name in scores else ""


@experiment.command()
@click.argument("query", nargs=-1)
@click.option("--save", default="", help="Keep the search under this name.")
@click.option("--use", default="", help="Take the search that is kept under this name.")
def find(query: tuple[str, ...], save: str, use: str) -> None:
    """Find experiments: words, key:value, or score>number.

    \b
    Example:
      battery-assets experiment find model_type:cnn1d 'macro_auroc>0.9' --save nets
    """
    from battery_assets.actions.report_tables import listed
    from battery_assets.actions.session import quiet_logs, session
    from battery_assets.actions.signals import experiments as action

    quiet_logs()
    with session() as at:
        from rich.console import Console

        matches = action.find(at, " ".join(query), save, use)
        rows = [
            (
                row["name"],
                row["model_type"],
                row["dataset"],
                row["status"],
                _of(row["metrics"] or {}, "macro_auroc"),
            )
            for row in matches
        ]
        heads = ["experiment", "model", "dataset", "state", "AUROC"]
        Console(highlight=False, markup=False).print(listed(heads, rows, left=(0, 1, 2, 3)))


@experiment.command()
@click.argument("name")
@click.argument("word")
def tag(name: str, word: str) -> None:
    """Give the experiment NAME the tag WORD.

    \b
    Example:
      battery-assets experiment tag net-1 gateway
    """
    from battery_assets.actions.session import quiet_logs, session
    from battery_assets.actions.signals import experiments as action

    quiet_logs()
    with session() as at:
        action.tag(at, name, word)
        click.echo(f"{name}: {word}")


@experiment.command()
@click.argument("name")
@click.argument("words")
def note(name: str, words: str) -> None:
    """Write WORDS as the notes of the experiment NAME; searches find them.

    \b
    Example:
      battery-assets experiment note net-1 "kernel of 31 samples sees one cycle of 300 Hz"
    """
    from battery_assets.actions.session import quiet_logs, session
    from battery_assets.actions.signals import experiments as action

    quiet_logs()
    with session() as at:
        action.note(at, name, words)
        click.echo(f"{name}: noted")
