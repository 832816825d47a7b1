"""battery-assets demo: the main job over a small synthetic fleet."""

import click


@click.command()
def demo() -> None:
    """Run the whole pipeline over three synthetic sites and a year, and a lab of twelve cells; then report.

    What is there already is not computed again, so a second run is quick and changes nothing.

    \b
    Example:
      battery-assets demo
    """
    import time

    from battery_assets.actions.demo import page_of, prepare, run, steps
    from battery_assets.actions.people.demo import PORT, seed
    from battery_assets.actions.report import print_report
    from battery_assets.actions.session import quiet_logs, session
    from battery_assets.actions.signals import demo as demo_signals
    from battery_assets.commands.progress import steps_bar

    quiet_logs()
    started = time.monotonic()
    with session() as at:
        prepare(at)
        stages, untrained = steps(at), list[str]()
        total = sum(map(len, stages))
        if total:
            with steps_bar("fleet pipeline", total) as progress:
                for step, ended in run(stages, untrained):
                    progress(str(step), ended)
        else:
            click.echo("the fleet is up to date: nothing was computed")
        for words in untrained:
            click.echo(f"no model yet, the twin tells the remaining lives: {words}")
        # Before the experiments, which are the admin's.
        seeded = seed(at)
        signals = demo_signals.steps(at)
        try:
            if signals:
                with steps_bar("experiments on signals", len(signals)) as progress:
                    for one in signals:
                        progress(str(one), False)
                        one.do(at)
                        progress(str(one), True)
            print_report(at)
            click.echo(f"\nThe last month as a page: {page_of(at)}")
        finally:
            # Shown once, whatever became of the experiments.
            if seeded is not None:
                click.echo(f"Sign in, once `battery-assets up` runs, within 24 hours: {seeded.link}")
                click.echo(f"A key that reads, shown this once: {seeded.key}")
                click.echo(
                    f"What happens is sent to port {PORT} of this machine. To see it: battery-assets webhook "
                    f"receive {PORT}, with the secret, shown this once: {seeded.webhook_secret}"
                )
        took, runs = time.monotonic() - started, total + len(signals)
        click.echo(f"{runs} runs in {took:.0f} s. Look closer: battery-assets up")
