"""What an answer looked like, in words: for errors, which say what was seen and advise what fits it.

What belongs here: the words. Of an answer only its kind and a few keys are said, never a value: it may hold names.
"""

import re
from collections.abc import Mapping, Sequence

from twizzit_pipeline.twizzit.dialects import LIVE_ENDPOINT

_LOOKED_AT = 4096
_KEYS = 4  # as many as distinguish one kind of answer from another
_KEY = re.compile(r"[a-z][A-Za-z_-]{0,29}")  # a word of a program: names of people begin with a capital

# Later lists are asked of a host that has answered a login and a first list as a Twizzit does.
_FIRST = frozenset(("/authenticate", "/organizations", "/teams"))


def shape(answer: object) -> str:
    """The kind of a JSON value: ``an object with the keys error, code``."""
    match answer:
        case None:
            return "null"
        case bool():
            return "true or false alone"
        case str():
            return "a text"
        case int() | float():
            return "a number"
        case Mapping():
            return _object(answer)
        case _:
            return _list(answer) if isinstance(answer, Sequence) else "nothing"


def body_shape(content: bytes) -> str:
    """The kind of a body that is no JSON."""
    start = content.lstrip()[:1]
    if not start:
        return "an empty body"
    if start == b"<":
        return "a web page"
    if start not in b"[{":
        return "a text that is no JSON"
    return "a JSON that breaks off or is spoilt" if _is_utf_8(content) else "a JSON in another encoding than UTF-8"


def _is_utf_8(content: bytes) -> bool:
    """Whether a body is UTF-8, its end apart: what breaks off may do so within a character."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.end == len(content) and error.reason == "unexpected end of data"
    return True


def is_not_json(content: bytes) -> bool:
    """Whether a body does not even begin like JSON: a web page, say. An empty one may stand for an empty list."""
    return content.lstrip()[:1] not in (b"", b"[", b"{")


def is_web_page(content: bytes) -> bool:
    """Whether a body is HTML (or XML): the word of a server in front of the service rather than the service's own."""
    return content.lstrip()[:1] == b"<"


def words_of(content: bytes) -> str:
    """The first 4,096 bytes of an error's body, as UTF-8: what its header calls the encoding is a server's word too."""
    return content[:_LOOKED_AT].decode("utf-8", "replace")


def suggests_wrong_endpoint(path: str) -> bool:
    """Whether an answer of another kind than Twizzit's there makes a wrong endpoint probable."""
    return path in _FIRST


def advice(path: str) -> str:
    """What to do about an answer of another kind than Twizzit's.

    Only a login or the very first list makes a wrong endpoint probable.
    """
    if path in _FIRST:
        return f"the endpoint is probably not the one of a Twizzit API (the live service is {LIVE_ENDPOINT})"
    return "the login works, so the endpoint is right: try again later, and ask Twizzit if it stays"


def passing_advice(path: str) -> str:
    """What to do about an answer that is broken, as it may be for a moment."""
    return "try again later, and check the endpoint if it stays" if path in _FIRST else "try again later"


def _object(answer: Mapping[object, object]) -> str:
    if not answer:
        return "an empty object"
    shown = [key for key in answer if isinstance(key, str) and _KEY.fullmatch(key)][:_KEYS]
    if not shown:
        return "an object"
    more = ", …" if len(answer) > len(shown) else ""
    return f"an object with the key{'s' if len(answer) > 1 else ''} {', '.join(shown)}{more}"


def _list(answer: Sequence[object]) -> str:
    odd = next((item for item in answer if not isinstance(item, Mapping)), None)
    if not answer:
        return "an empty list"
    return (
        "a list of objects" if all(isinstance(item, Mapping) for item in answer) else f"a list with {shape(odd)} in it"
    )
