"""The pages agree with the tree, the command line, the settings and the figures, and they read easily."""

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from battery_assets import tables as t
from battery_assets.cli import main
from battery_assets.tables.projections import documentation
from battery_assets.tables.write_sql import LISTED_IN

PROJECT = Path(__file__).resolve().parent.parent
README = PROJECT / "README.md"
PAGES = [README, PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").glob("*.md"))]
TEXTS = {path.relative_to(PROJECT).as_posix(): path.read_text(encoding="utf-8") for path in PAGES}
DECISIONS = TEXTS["docs/decisions.md"]
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
NO_PATHS = ("battery_assets/from_scratch", "../shared/data")
LONGEST_SENTENCE = 25


def headings(text: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)


def anchor(heading: str) -> str:
    """A heading's anchor as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def links(text: str) -> list[str]:
    """Relative targets of a page's links and pictures."""
    targets = re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", text))
    return [target for target in targets if "://" not in target]


def quoted(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", FENCE.sub("", text))


def command_lines(text: str) -> Iterator[list[str]]:
    """Words of every `battery-assets` line of the code blocks and of the inline code."""
    lines = [line for block in FENCE.findall(text) for line in block.splitlines()] + quoted(text)
    for line in lines:
        found = re.match(r"(?:\S*/)?battery-assets (.+)", line.split("#")[0].strip())
        if found:
            yield shlex.split(found[1])


def test_the_readme_takes_two_minutes():
    assert len(TEXTS["README.md"]) <= 8_000, f"{len(TEXTS['README.md'])} characters: move a part to docs/"


def test_every_page_is_linked_from_the_readme():
    linked = {(PROJECT / target.split("#")[0]).resolve() for target in links(TEXTS["README.md"])}
    missing = [path.name for path in PAGES if path != README and path not in linked]
    assert not missing, f"the README links none of {missing}"


@pytest.mark.parametrize("page", TEXTS)
def test_every_relative_link_resolves(page):
    for target in links(TEXTS[page]):
        name, _, heading = target.partition("#")
        path = (PROJECT / page).parent / name if name else PROJECT / page
        assert path.exists(), f"{page} links {target}, which is not there"
        if heading:
            anchors = [anchor(each) for each in headings(path.read_text(encoding="utf-8"))]
            assert heading in anchors, f"{page} links {target}; headings there: {anchors}"


def test_pictures_are_small_and_shown():
    pictures = set((PROJECT / "docs" / "pictures").iterdir())
    shown = {(PROJECT / page).parent / target for page in TEXTS for target in links(TEXTS[page])}
    assert pictures
    assert pictures <= shown
    assert max(path.stat().st_size for path in pictures) < 150_000


@pytest.mark.parametrize("page", TEXTS)
def test_every_command_exists_with_its_options(page):
    for words in command_lines(TEXTS[page]):
        command: click.Command = main
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            name = words.pop(0)
            assert name in command.commands, f"{page} names `{name}`; known: {sorted(command.commands)}"
            command = command.commands[name]
        options = {flag for option in command.params for flag in (*option.opts, *option.secondary_opts)}
        named = {word.split("=")[0] for word in words if word.startswith("--")} - {"--help"}
        assert named <= options, f"{page}: {command.name} has no {sorted(named - options)}"


def test_the_readme_shows_commands():
    assert len(list(command_lines(TEXTS["README.md"]))) >= 6


@pytest.mark.parametrize("page", TEXTS)
def test_every_module_that_it_runs_exists(page):
    for name in re.findall(r"python -m ([\w.]+)", TEXTS[page]):
        assert importlib.util.find_spec(name), f"{page} runs {name}, which is not there"


@pytest.mark.parametrize("page", TEXTS)
def test_every_path_that_it_names_exists(page):
    """Backticked words with a slash, and dotted modules of the package."""
    for word in quoted(TEXTS[page]):
        if re.fullmatch(r"[\w.-]+(/[\w.-]+)*/|[\w.-]+(/[\w.-]+)+", word) and word not in NO_PATHS:
            assert (PROJECT / word).exists(), f"{page} names {word}, which is not there"
        if re.fullmatch(r"(battery_assets|benchmarks)(\.\w+)+", word):
            assert importlib.util.find_spec(word), f"{page} names the module {word}, which is not there"


@pytest.mark.parametrize("page", TEXTS)
def test_every_make_target_exists(page):
    targets = set(
        re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    named = {word for text in (*quoted(TEXTS[page]), *FENCE.findall(TEXTS[page]))
             for word in re.findall(r"(?:^|\n)make ([a-z-]+)", text)}  # fmt: skip
    assert named <= targets, f"{page}: the Makefile has no {sorted(named - targets)}"


def test_every_setting_is_on_the_page_of_settings():
    from battery_assets.settings import VARIABLES

    assert set(re.findall(r"`(BATTERY_[A-Z_]+)`", TEXTS["docs/running.md"])) == set(VARIABLES)


def test_the_table_list_is_fresh():
    shown = LISTED_IN.read_text(encoding="utf-8").split("<!-- tables -->")[1].split("<!-- /tables -->")[0]
    assert shown.strip() == documentation(t.TABLES).strip(), "run `python -m battery_assets.tables.write_sql`"


def test_the_drawing_of_the_phases_has_every_table_in_its_phase():
    drawing = "\n".join(FENCE.findall(TEXTS["README.md"].split("## The phases")[1].split("\n## ")[0]))
    drawn: dict[int, set[str]] = {}
    phase = 0
    for line in drawing.splitlines():
        number = re.match(r"\s*([1-7])\s", line)
        phase = int(number[1]) if number else phase
        drawn.setdefault(phase, set()).update(re.findall(r"\w+", line))
    missing = [table.name for table in t.TABLES if table.name not in drawn.get(table.info["phase"], set())]
    assert not missing, f"the README's drawing lacks {missing} in their phases"


def figure_rows(text: str) -> dict[str, str]:
    return dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", text, re.MULTILINE))


def test_the_headline_figures_are_those_of_the_page_of_figures():
    headline = figure_rows(TEXTS["README.md"])
    assert len(headline) == 6
    assert headline.items() <= figure_rows(TEXTS["docs/figures.md"]).items()


def test_decisions_have_rising_numbers_and_dates():
    numbers = [int(number) for number in re.findall(r"^## (\d+)\. ", DECISIONS, re.MULTILINE)]
    assert len(numbers) > 40
    assert numbers == list(range(1, len(numbers) + 1))
    dates = re.findall(r"^## \d+\. .+\n\n(\d{4}-\d\d-\d\d)[.,]", DECISIONS, re.MULTILINE)
    assert len(dates) == len(numbers), "a decision lacks its date"
    assert dates == sorted(dates)


def test_a_decision_that_the_code_cites_exists():
    last = len(re.findall(r"^## \d+\. ", DECISIONS, re.MULTILINE))
    sources = [path for room in ("battery_assets", "battery_assets_tests", "benchmarks") for path in
               (PROJECT / room).rglob("*.py")]  # fmt: skip
    for path in sources:
        for number in re.findall(r"\bdecision (\d+)\b", path.read_text(encoding="utf-8")):
            assert 1 <= int(number) <= last, f"{path.relative_to(PROJECT)} cites decision {number} of {last}"


def sentences(text: str) -> Iterator[str]:
    """The sentences of a page's prose: no code, tables, headings; inline code and links count as a word."""
    prose = re.sub(r"^(\||#|<!--).*$", "", FENCE.sub("", text), flags=re.MULTILINE)
    prose = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", re.sub(r"`[^`]+`", "CODE", prose))
    for block in re.split(r"\n\s*\n|\n(?=- )", prose):
        yield from re.split(r"(?<=[.!?])\s+(?=[A-Z`*\[])", " ".join(block.split()))


@pytest.mark.parametrize("page", [page for page in TEXTS if page != "docs/SOURCES.md"])
def test_no_sentence_is_long(page):
    words = {each: len(re.findall(r"\S*\w\S*", each)) for each in sentences(TEXTS[page])}
    long = [each for each, count in words.items() if count > LONGEST_SENTENCE]
    assert not long, f"{page}: over {LONGEST_SENTENCE} words: {long}"


# What was rejected or was so once stands there with its old names.
TODAY = [page for page in TEXTS if page not in ("docs/decisions.md", "docs/figures.md")]


def every_option(command: click.Command = main) -> Iterator[str]:
    """The options of a command and of all below it."""
    for option in command.params:
        yield from (*option.opts, *option.secondary_opts)
    for below in getattr(command, "commands", {}).values():
        yield from every_option(below)


@pytest.mark.parametrize("page", TODAY)
def test_every_option_that_stands_alone_is_one_of_a_command(page):
    alone = [text for text in quoted(TEXTS[page]) if text.startswith("--")]
    named = {flag for text in alone for flag in re.findall(r"(?:^|\s)(--[a-z][a-z-]*)", text)}
    assert named <= set(every_option()), page


@pytest.mark.parametrize("page", TODAY)
def test_every_term_that_it_declares_is_one_of_a_source(page):
    from battery_assets.actions.terms import terms_of
    from battery_assets.lab.terms import TERMS, column_of

    told = [*quoted(TEXTS[page]), *"\n".join(FENCE.findall(TEXTS[page])).splitlines()]
    for text in told:
        for value in re.findall(r"--contract '?([\w]+=[^'\s]+)", text):
            assert terms_of((value,), None), text
        for name in re.findall(r"--term '?(\w+)=", text):
            assert name in TERMS, text
        for column in re.findall(r"--column '([^']+)'", text):
            assert column == "HEADING=WORD:UNIT" or column_of(column), text


@pytest.mark.parametrize("page", TODAY)
def test_no_page_asks_for_python_where_an_option_is_to_be_given(page):
    calls = [text for text in quoted(TEXTS[page]) if re.match(r"[A-Z]\w+\(", text)]
    assert not calls, f"{page}: who reads it has a command line"


def test_the_page_of_checks_says_which_laws_data_can_break():
    from battery_assets import definitions as d
    from battery_assets.fleet.quarantine import LAWS

    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|", TEXTS["docs/checks.md"], re.MULTILINE)
    blocking = {spec.name for check in d.checks for spec in check.check_specs if spec.blocking}
    assert {name for name, _ in rows} == blocking
    assert {name for name, broken_by in rows if "data" in broken_by} == {law.__name__ for law in LAWS}
