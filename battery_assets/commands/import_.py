"""battery-assets import: exports of fleets, files of cyclers, discharge tests."""

import shlex

import click

from battery_assets.commands.import_capacity_test import import_capacity_test
from battery_assets.commands.import_fleet import import_fleet
from battery_assets.commands.import_lab import import_lab
from battery_assets.errors import UserError


class OldForm(UserError):
    """The form of version 0.1, `import PATH --site ...`; the next step is the form of today (decision 47)."""

    exit_code = 2

    def __init__(self, arguments: list[str]) -> None:
        kind = "capacity-test" if "--capacity-test" in arguments else "fleet"
        rest = [word for word in arguments if word != "--capacity-test"]
        super().__init__(
            "`battery-assets import` is a group now: fleet, lab, capacity-test",
            shlex.join(["battery-assets", "import", kind, *rest]),
        )


class _Import(click.Group):
    """A group that explains the form of version 0.1, for one version."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        options = {word.partition("=")[0] for word in args}
        if args and args[0] not in self.commands and options & {"--site", "--capacity-test"}:
            raise OldForm(args)
        return super().parse_args(ctx, args)


@click.group("import", cls=_Import)
def import_() -> None:
    """Take in data from elsewhere: exports of fleets, files of cyclers, discharge tests.

    \b
    Example:
      battery-assets import fleet exports/cnx --site cnx-01 --timezone Asia/Bangkok
      battery-assets import lab cell7.csv --lab oslo --cell C7 --nominal-ah 2.5 --timezone Europe/Oslo
      battery-assets import capacity-test test.xlsx --site agm-1 --rated-ah 100 \\
        --region central --city Nonthaburi
    """


for _command in (import_fleet, import_lab, import_capacity_test):
    import_.add_command(_command)
