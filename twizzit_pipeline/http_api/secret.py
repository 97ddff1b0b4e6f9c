"""The secret that tokens are signed with: ShotSpot's, or one of our own beside the embedded database."""

from pydantic import SecretStr

from twizzit_pipeline.credentials.key_file import read_or_make
from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.places import what_to_do

FILE = "jwt.secret"
LEAST_CHARACTERS = 32


def jwt_secret(settings: Settings) -> SecretStr:
    """`JWT_SECRET`; without it, and with the embedded database alone, the one kept in its home (made there, mode 0600).

    Raises:
        SettingsError: none, or one that can be guessed.
    """
    if settings.jwt_secret is not None:
        return _checked(settings.jwt_secret, "JWT_SECRET")
    if not settings.embedded:
        raise SettingsError(
            "JWT_SECRET is not set, and tokens cannot be verified without it; use ShotSpot's own, or where "
            "there is none yet make one and keep it: openssl rand -hex 32"
        )
    path = settings.home / FILE
    try:
        return _checked(read_or_make(settings.home, FILE), str(path))
    except OSError as error:
        todo = what_to_do(error, otherwise="check who owns that folder, or set JWT_SECRET")
        raise SettingsError(f"The secret of tokens {path} cannot be read or made ({error.strerror}); {todo}") from None


def _checked(secret: SecretStr, source: str) -> SecretStr:
    if len(secret.get_secret_value()) < LEAST_CHARACTERS:
        raise SettingsError(f"{source} is too short: tokens need a secret of {LEAST_CHARACTERS} characters or more")
    return secret
