"""Why a cycler file is not read, in words a lab engineer can act on."""

from battery_assets.ingest.files.problems import FileRefused


class LabFileRefused(FileRefused):
    """A refused file: `reason` is a key of FILE_REASONS; found, expected and next_step are sentences.

    `rows_read` is known where the rows were parsed before the file turned out to be wrong.
    """

    def __init__(
        self, reason: str, *, found: str, expected: str, next_step: str, line: int | None = None
    ) -> None:
        self.found, self.expected, self.next_step = found, expected, next_step
        self.rows_read: int | None = None
        place = f"line {line}: " if line is not None else ""
        detail = f"{place}found {found}; expected {expected}; next step: {next_step}"
        super().__init__(reason, detail, line=line)
