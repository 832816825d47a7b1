"""The progress bar of commands that run many partitions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def steps_bar(title: str, total: int) -> Iterator[Callable[[str, bool], None]]:
    """A bar that shows what is running. The function it hands over hears a step start and, True, end."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(highlight=False)
    running: list[str] = []
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[running]}"),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(title, total=total, running="")
        done = 0

        def heard(step: str, ended: bool) -> None:
            nonlocal done
            if ended:
                running.remove(step)
                done += 1
            else:
                running.append(step)
            bar.update(task, completed=done, running=", ".join(running))
            # Without a terminal the bar is drawn once, at the end: a line now and then says that it lives.
            if not console.is_terminal and ended and (done == total or done % max(1, total // 10) == 0):
                print(f"{title}: {done} of {total} done, {step}", flush=True)

        yield heard


@contextmanager
def counts_bar(title: str, total: int) -> Iterator[Callable[[dict[str, int]], None]]:
    """A bar over runs that run elsewhere. The function it hands over hears the count of each run status."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[running]}"),
    )
    with Progress(*columns) as bar:
        task = bar.add_task(title, total=total, running="")

        def heard(counts: dict[str, int]) -> None:
            ended = sum(counts.get(word, 0) for word in ("SUCCESS", "FAILURE", "CANCELED"))
            words = ", ".join(f"{count} {status.lower()}" for status, count in counts.items() if count)
            bar.update(task, completed=ended, running=words)

        yield heard
