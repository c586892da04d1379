"""The one exception that means "the user can fix this": a sentence, never a traceback."""


class UserError(ValueError):
    """A mistake in what the user gave or in what surrounds the program. Its text is one plain sentence (or a short list)."""


class CannotWrite(UserError):
    """A file cannot be written: the disk is full, read-only or failing. What was written before is whole, so a run goes on."""


def shown(error: BaseException) -> str:
    """An error as one line for a record or a message: a user's mistake speaks for itself, anything else names its type."""
    return str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"


def first_line(error: BaseException) -> str:
    """What an error of a library says first; its type where it says nothing."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
