"""Errors a user is meant to read: what is wrong, and what to do next."""

import click


class UserError(click.ClickException):
    """An expected failure, shown as two lines instead of a traceback."""

    exit_code = 1

    def __init__(self, message: str, next_step: str) -> None:
        super().__init__(message)
        self.next_step = next_step

    def __reduce__(self) -> tuple[type["UserError"], tuple[str, str]]:
        # Exceptions are rebuilt from `args`, which hold the message alone: a process pool would break on it.
        return UserError, (self.message, self.next_step)

    def show(self, file: object = None) -> None:
        """Print the error and the next step to stderr."""
        click.echo(f"error: {self.message}", err=True)
        click.echo(f"next step: {self.next_step}", err=True)


class SettingsError(UserError):
    """A setting that cannot be used: names the key, its value and what is allowed."""

    def __init__(self, key: str, value: str, allowed: str) -> None:
        super().__init__(f"{key}={value!r} is not allowed: {allowed}", f"change or unset {key}")
        self.key = key
