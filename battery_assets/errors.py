"""Errors a user is meant to read: what is wrong, and what to do next.

A command ends with 0 where it did what was asked, 2 where the command line is not understood (click's own),
and otherwise with the code of its error.
"""

import click

BAD_INPUT, RED_CHECK, FAILURE = 1, 3, 4
# By Ctrl-C; 143 by SIGTERM, 129 by SIGHUP, as shells count them.
INTERRUPTED = 130
EXIT_CODES = {
    0: "done",
    BAD_INPUT: "an input, a name or a setting cannot be taken as it is",
    2: "the command line is not understood",
    RED_CHECK: "the data were taken in, and a check is red: what it concerns was left out",
    FAILURE: "a failure of the platform's own",
}


class BadInput(ValueError):
    """What arrived cannot be taken as it is; the message ends with the next step. Raised within a run."""


class UserError(click.ClickException):
    """An expected failure, shown as two lines instead of a traceback."""

    exit_code = BAD_INPUT

    def __init__(self, message: str, next_step: str) -> None:
        super().__init__(message)
        self.next_step = next_step

    def __reduce__(self) -> tuple[type["UserError"], tuple[str, ...]]:
        # Exceptions are rebuilt from `args`, which hold the message alone: a process pool would break on it.
        return type(self), (self.message, self.next_step)

    def __str__(self) -> str:
        # In a log, or in Dagster, there is no second line.
        return f"{self.message}; next step: {self.next_step}"

    def show(self, file: object = None) -> None:
        """Print the error and the next step to stderr."""
        click.echo(f"error: {self.message}", err=True)
        click.echo(f"next step: {self.next_step}", err=True)


class BadField(UserError):
    """A field of what was sent cannot be taken; `fault` says why without the value."""

    def __init__(self, message: str, next_step: str, field: str = "", fault: str = "") -> None:
        super().__init__(message, next_step)
        self.field, self.fault = field, fault

    def __reduce__(self) -> tuple[type[UserError], tuple[str, ...]]:
        return BadField, (self.message, self.next_step, self.field, self.fault)


class RedCheck(UserError):
    """A check is red: what was loaded, or strings of it, obeys no rule that it has to obey."""

    exit_code = RED_CHECK


class Failure(UserError):
    """A step of ours failed, or what the platform stands on did."""

    exit_code = FAILURE


class SettingsError(UserError):
    """A setting that cannot be used: names the key, its value and what is allowed."""

    def __init__(self, key: str, value: str, allowed: str) -> None:
        super().__init__(f"{key}={value!r} is not allowed: {allowed}", f"change or unset {key}")
        self.key = key

    def __reduce__(self) -> tuple[type[UserError], tuple[str, ...]]:
        return UserError, (self.message, self.next_step)
