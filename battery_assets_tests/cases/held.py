"""Kinds of fault: the test of what was given, a second of our own, and how the kind was mended."""

from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).parents[1]
_FILES, _CELLS = "cases/test_files.py", "cases/test_cells.py"
_EXPORTS = "cases/test_exports.py"
_GIVEN = {
    _FILES: f"{_FILES}::test_a_file_gives_its_right_value",
    _CELLS: f"{_CELLS}::test_a_cell_gives_its_right_value",
    _EXPORTS: f"{_EXPORTS}::test_an_export_gives_its_right_value",
}


class Kind(NamedTuple):
    """A kind of fault. Tests are named by their file below the tests' folder and their function."""

    name: str
    given: str
    own: str
    mended: str


_LAB, _CREDIBLE, _FOREIGN = "ingest/lab/reconcile", "features/credible", "fleet/foreign"
HELD = (
    Kind("a discharge that did not reach its cut-off", _GIVEN[_CELLS],
         "features/lab/test_labels.py::test_one_cold_day_ends_no_life_whose_crossing_has_to_be_confirmed",
         "Only a discharge from full to its cut-off has a capacity; a life ends by confirmed crossings."),
    Kind("charge where nothing was recorded", _GIVEN[_FILES],
         f"{_LAB}/test_charge.py::test_a_counter_that_begins_anew_without_falling_is_added_up",
         "One estimator weighs current, step times and counters by their uncertainty, for readings and cycles."),
    Kind("instants", _GIVEN[_FILES],
         f"{_LAB}/test_clocks.py::test_a_pause_in_the_doubtful_hour_is_told_by_the_clocks_jump",
         "Offsets stand above contracts; test times decide doubtful hours and orders; no zone gives no instant."),
    Kind("a quantity of two columns", _GIVEN[_FILES],
         f"{_LAB}/test_derived.py::test_a_text_without_a_current_has_the_power_over_the_voltage",
         "What follows from two columns is formed where it is not logged, in every format."),
    Kind("units that stand elsewhere", _GIVEN[_FILES],
         f"{_LAB}/test_units.py::test_a_unit_in_the_cells_beside_is_the_columns",
         "A unit is read from heading, cell or preamble, or refused with the way to declare it."),
    Kind("rows that are no points", _GIVEN[_FILES],
         f"{_CREDIBLE}/test_inputs.py::test_codes_amid_values_are_left_out_one_by_one",
         "Sweeps, summaries and fault codes are set aside and told, in lab and fleet alike."),
    Kind("a scale that no jar can have", _GIVEN[_EXPORTS],
         f"{_CREDIBLE}/test_inputs.py::test_one_channel_through_two_converters_is_one_channel",
         "Days, rounds and master data are judged by string before anything reads them; the objection names the term."),
    Kind("batteries that are not 12 V lead-acid", _GIVEN[_EXPORTS],
         f"{_FOREIGN}/test_odd_rows.py::test_blocks_of_6_v_and_of_2_v_are_healthy_and_charged",
         "Every law sees a jar as one of six cells; other chemistries are watched by thresholds alone."),
    Kind("one truth about a jar", _GIVEN[_EXPORTS],
         "features/health/test_loads.py::test_a_jar_that_falls_at_once_is_open_and_its_ohms_are_told",
         "Shorts and open connections are found once, and health, life, ride-through and orders read them."),
    Kind("evidence that telemetry disproves", _GIVEN[_EXPORTS],
         f"{_CREDIBLE}/test_discharge_claims.py::test_a_discharge_that_gave_less_than_the_test_claims_is_not_the_test",
         "A test is held against the current, charge and end voltage that its string shows, and against its sheet."),
    Kind("right files that were refused", _GIVEN[_FILES],
         "ingest/lab/formats/test_workbook_cells.py::test_times_that_excel_stores_as_days_are_seconds",
         "Readers add up exactly, and what a format allows is read: durations, last lines, spellings, signs."),
    Kind("missing tables, columns and months", _GIVEN[_EXPORTS],
         f"{_FOREIGN}/test_odd_rows.py::test_an_export_that_lacks_a_table_is_computed_as_far_as_it_carries",
         "What is missing is not known: the rest is computed, and the run says what it lacks."),
    Kind("other readers of the lake", "platform/lake/test_foreign_readers.py::test_polars_reads_it_as_delta",
         "platform/lake/test_foreign_readers.py::test_duckdb_reads_it",
         "Files tell nothing that one program alone knows; each table is read by four programs."),
    Kind("words and exit codes", _GIVEN[_EXPORTS],
         "commands/test_exit_codes.py::test_each_kind_of_end_has_its_code",
         "The account of a file stands in the error: file, line, column, value, what is allowed, next step."),
    Kind("terms of a contract", "commands/test_terms.py::test_a_term_of_a_site_is_read_from_the_command_line",
         "commands/test_terms.py::test_all_terms_of_a_cell_come_from_options_into_its_folder_and_its_contract",
         "Options are made from the contract's own fields, so that none can be missing."),
    Kind("the data layer", "fleet/test_no_longer_named.py::test_a_jar_that_disappears_from_an_export_stays_and_is_told_by_its_code",
         "platform/test_buckets.py::test_an_object_that_is_not_what_was_written_is_not_read_and_not_kept",
         "What is kept is verified by checksum; what goes missing is accounted for; later months become stale."),
    Kind("dependencies", "test_dependencies.py::test_what_is_imported_is_declared",
         "test_dependencies.py::test_an_import_inside_a_function_counts",
         "Imports are held against declarations in both directions."),
    Kind("the month's turn", "fleet/test_month_turn.py::test_no_night_turns_a_check_red",
         "fleet/test_idle_sites.py::test_a_month_of_which_no_day_is_over_has_nothing_yet_and_that_is_no_failure",
         "Windows reach over the month's edge; a month without a finished day has nothing yet."),
    Kind("copied and restored homes", "end_to_end/test_copied_home.py::test_a_copy_goes_on_with_the_original_gone",
         "platform/registry/test_identity.py::test_two_homes_on_one_database_are_refused_and_a_home_that_moved_is_not",
         "Paths are kept relative; books, home and lake carry one id and refuse another's."),
    Kind("sites that have data", "commands/test_sites.py::test_other_settings_of_what_has_data_are_refused_and_nothing_is_changed",
         "commands/test_sites.py::test_a_lab_of_which_every_test_is_refused_is_not_kept",
         "Settings are compared before anything is written; what a refused import made is taken back."),
    Kind("what Dagster shows", "platform/dagster/test_runs.py::test_what_one_site_brings_to_the_catalogue_makes_no_other_site_unsynced",
         "hosting/test_retention.py::test_of_old_runs_only_what_pages_show_of_a_partition_stays",
         "Groups, owners, versions and trends come from the tables' definitions; old runs are cleaned."),
    Kind("what MLflow shows", "platform/test_tracking.py::test_an_experiment_says_what_it_is_for_and_which_columns_decide",
         "platform/test_tracking.py::test_every_registered_model_says_what_it_is_and_which_is_the_newest",
         "One place opens runs: no experiment and no model comes in without words; each run has data and commit."),
    Kind("pictures", "features/ripple/test_steady.py::test_a_broken_strap_is_not_the_picture_of_a_fault", "features/pictures/test_laid_out.py::test_names_of_any_length_stay_within_the_picture",
         "A burst is judged where its mean is steady; lines end at gaps, each at its own instants; words fit the page."),
    Kind("server mode", "hosting/test_databases.py::test_all_that_is_missing_is_named_at_once_and_suffices_for_a_role_that_is_no_superuser",
         "hosting/test_databases.py::test_each_single_thing_that_is_missing_is_named_and_its_statement_suffices",
         "All that a server lacks is asked for before anything begins, with the statements that mend it."),
    Kind("a commit is on disk", "faults/test_power_cuts.py::test_a_log_that_lost_what_was_committed_is_told",
         "faults/test_power_cuts.py::test_of_sixty_flipped_bits_none_is_read_as_other_numbers",
         "Log and folders are synced before the books; each read holds files against the books' hashes."),
    Kind("one site's fault is that site's", _GIVEN[_EXPORTS],
         "fleet/test_quarantine.py::test_a_red_sum_leaves_its_string_out_and_no_other_and_heat_is_told_all_the_same",
         "Sites are read one by one, strings are left out one by one, and the others go on."),
    Kind("one odd row stops no month", _GIVEN[_EXPORTS],
         f"{_FOREIGN}/test_odd_rows.py::test_rows_of_strangers_and_of_other_times_are_counted_and_left_alone",
         "Rows that point nowhere, or to a time nobody keeps, are set aside and counted."),
    Kind("killed commands", "actions/test_killed.py::test_workers_die_with_the_command_that_started_them",
         "actions/test_killed.py::test_a_command_that_is_asked_to_end_leaves_no_run_that_says_it_goes_on",
         "Workers hold on to their parent's life; signals end a command as Ctrl-C does; the next one ends lost runs."),
    Kind("the analyst looks", "platform/warehouse/test_analyst.py::test_of_more_than_113_statements_none_does_anything",
         "platform/warehouse/test_analyst.py::test_an_idle_reader_of_every_table_stops_no_new_month",
         "The role has rights to look alone and limits of its own; new months need no lock of readers."),
    Kind("paths and pages", "commands/test_sites.py::test_a_cell_or_protocol_never_leaves_the_landing_folder",
         "platform/test_landing.py::test_a_link_out_of_an_export_is_not_followed",
         "Names are matched by pattern and paths resolved below their root; a guard stands before the pages."),
    Kind("no third state", "platform/warehouse/test_relations.py::test_replacing_an_incident_leaves_what_pointed_at_it_whole_and_marks_that_partition",
         "platform/registry/test_staleness.py::test_a_stale_partition_is_told_where_people_look",
         "Replacing a parent leaves its children whole and marks them stale, which views and reads show."),
)  # fmt: skip


def lines() -> list[str]:
    """The table of kinds."""
    head = ["| kind | held by | and by | how it was mended |", "|---|---|---|---|"]
    rows = (f"| {kind.name} | `{kind.given}` | `{kind.own}` | {kind.mended} |" for kind in HELD)
    return [*head, *rows]
