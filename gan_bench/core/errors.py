"""The one exception that means "the user can fix this": a sentence, never a traceback."""


class UserError(ValueError):
    """A mistake in what the user gave or in what surrounds the program. Its text is one plain sentence."""


class SeveralLines(UserError):
    """One that needs a list: each line breaks where it was meant to."""


class CannotWrite(UserError):
    """A file cannot be written: the disk is full, read-only or failing. What was written before is whole, so a run goes on."""


def quoted(text: str, most: int = 60) -> str:
    """What a user gave, in quotes, for a sentence: line breaks and other invisible characters escaped, its middle left out.

    most  how many characters are shown
    """
    half = most // 2
    return repr(text if len(text) <= most else f"{text[:half]}...{text[-half:]}")


def visible(error: Exception) -> str:
    """The text of an error in which no name, such as that of a file, breaks the line, moves the cursor or changes colours."""
    lines = str(error).split("\n") if isinstance(error, SeveralLines) else [str(error)]
    return "\n".join("".join(map(_visible, line)) for line in lines)


def _visible(character: str) -> str:
    """A character that is printed as it is, or its escape."""
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def shown(error: BaseException) -> str:
    """An error as one line for a record or a message: a user's mistake speaks for itself, anything else names its type."""
    return str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"


def first_line(error: BaseException) -> str:
    """What an error of a library says first; its type where it says nothing."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
