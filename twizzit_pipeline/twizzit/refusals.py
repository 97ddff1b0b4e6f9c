"""What a 403 means: a refusal, or the end of a session; and what an account would be refused.

What belongs here: the words that decide, and the error of a refusal. What is done about an ended session is `auth`'s.
"""

import re
from collections.abc import Callable, Sequence

import httpx

from twizzit_pipeline.errors import AccessDenied, MatchTypeNotFound, NotATwizzit
from twizzit_pipeline.twizzit.dialects import LOGIN_PATH
from twizzit_pipeline.twizzit.sight import is_web_page, words_of

# A 403 is a refusal where it says so, and no word of sessions is in it; else the session may have ended (wire page).
_OF_THE_SESSION = re.compile(
    r"token|session|sessie|jwt|expired|expir[eé]|verlopen|log ?in|logged|aanmeld|aangemeld|ingelogd|connecte|identifi",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"access|acc[eèé]s|toegang|forbidden|verboden|interdit|permission|permitted|bevoegd|rechten|droits"
    r"|not allowed|not authori[sz]ed|niet toegelaten|niet toegestaan|non autoris|pas autoris|pas permis|denied|refus",
    re.IGNORECASE,
)


def says_refused(response: httpx.Response) -> bool:
    """Whether a 403 says that the account may not read what was asked for.

    A web page says nothing: every server in front of a service calls any 403 "Forbidden".
    """
    words = words_of(response.content)
    return not is_web_page(response.content) and bool(_REFUSED.search(words)) and not _OF_THE_SESSION.search(words)


def access_denied(path: str) -> AccessDenied:
    """The error of a 403 that is a refusal."""
    what = (
        "Twizzit refuses the login of this account; ask Twizzit whether it may use the API"
        if path == LOGIN_PATH
        else "this account may not read it; ask Twizzit or the club for the right"
    )
    return AccessDenied(f"{path} answered 403: {what}", endpoint=path, status=403)


def refused(checks: Sequence[tuple[str, Callable[[], object]]]) -> list[str]:
    """What the checks find wrong with an account, a line each: ``players: /contacts answered 403: …``."""
    found: list[str] = []
    for what, check in checks:
        try:
            check()
        except (AccessDenied, NotATwizzit, MatchTypeNotFound) as error:
            found.append(f"{what}: {error}")
    return found
