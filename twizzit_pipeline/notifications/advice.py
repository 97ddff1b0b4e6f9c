"""The one command that helps, by what a sync said about its failure.

What belongs here: the table. The texts are those of `errors`, which the history keeps; an error that names a command
itself needs no other.
"""

_NAMES_ONE = "twizzit "

# A part of the error's text, and what helps; the first that fits. `ID` is the credential's.
_HELPS: tuple[tuple[str, str], ...] = (
    ("username and password", "twizzit credentials change-password ID"),
    ("accept the login", "twizzit credentials change-password ID"),
    ("answered 401", "twizzit credentials change-password ID"),
    ("Password decryption failed", "twizzit doctor"),
    ("does not fit its MAC", "twizzit credentials change-password ID"),
    ("switched off", "twizzit credentials activate ID"),
    ("month's calls", "twizzit config show ID"),
    ("quota", "twizzit config show ID"),
    ("called a match", 'twizzit config set ID --event-type "NAME=match"'),
    ("endpoint", "twizzit credentials verify ID"),
    ("organization", "twizzit credentials verify ID"),
    ("database", "twizzit doctor"),
    ("interrupted", "twizzit sync ID"),
    ("cannot be reached", "twizzit credentials verify ID"),
    ("did not answer", "twizzit credentials verify ID"),
    ("answered 5", "twizzit credentials verify ID"),
    ("answered 429", "twizzit status ID"),
)
_OTHERWISE = "twizzit history ID"


def what_helps(error: str, credential_id: int) -> str | None:
    """The command to type after a failure; None where the error says one itself."""
    if _NAMES_ONE in error:
        return None
    said = error.casefold()
    command = next((helps for part, helps in _HELPS if part.casefold() in said), _OTHERWISE)
    return command.replace("ID", str(credential_id))
