"""Commands about incidents and work orders, on a home in which nothing has happened yet."""

import os

import pytest
from click.testing import CliRunner

from battery_assets.cli import main
from battery_assets_tests.worlds.homes import fresh_home


@pytest.fixture(scope="module")
def home():
    before = dict(os.environ)
    with fresh_home() as settings:
        yield settings
    os.environ.clear()
    os.environ.update(before)


def test_they_list_export_and_say_what_is_wrong(home, tmp_path):
    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, arguments, env={"BATTERY_HOME": str(home.home)})
        return done.exit_code, done.output

    assert run("incident", "list") == (0, "")
    code, said = run("incident", "acknowledge", "INC-2025-NOTHING", "--by", "Nok")
    assert (code, said.splitlines()) == (
        1,
        [
            "error: no incident is called 'INC-2025-NOTHING'",
            "next step: see `battery-assets incident list`",
        ],
    )
    out = tmp_path / "orders.csv"
    assert run("work-orders", "export", str(out))[0] == 0
    assert out.read_text().startswith("work_order_id,external_id,site,")
    code, said = run("work-orders", "import", str(out))
    assert code == 1
    assert "has no line of work orders" in said
    out.write_text("work_order_id,status\nx,DONE\n")
    code, said = run("work-orders", "import", str(out), "--state", "DONE")
    assert (code, said.splitlines()[0]) == (1, "error: --state says no meaning")
    code, said = run("work-orders", "import", str(out))
    assert f"{out} line 2, column work_order_id: work order 'x' is not known" in said
