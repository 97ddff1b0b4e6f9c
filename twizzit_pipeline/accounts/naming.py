"""Messages that name the credential which they are about."""

from collections.abc import Iterator
from contextlib import contextmanager

from twizzit_pipeline.errors import TwizzitPipelineError

# How a message from `twizzit/`, which has no credential, names the commands that settle it.
_COMMANDS = (
    "twizzit config set",
    "twizzit config show",
    "twizzit credentials set-club",
    "twizzit credentials update",
    "twizzit credentials verify",
)


@contextmanager
def naming(credential_id: int) -> Iterator[None]:
    """Puts the credential's id into messages that name a command with ``ID`` in its place."""
    try:
        yield
    except TwizzitPipelineError as error:
        error.args = tuple(named(one, credential_id) if isinstance(one, str) else one for one in error.args)
        raise


def named(message: str, credential_id: int) -> str:
    """A text with the credential's id where it names a command with ``ID`` in its place."""
    for command in _COMMANDS:
        message = message.replace(f"{command} ID", f"{command} {credential_id}")
    return message
