"""A `.env` file, read as Node's dotenv reads it: ShotSpot's back end and this program may share one.

The rules are those of https://github.com/motdotla/dotenv (lib/main.js, version 16): its own regular expression, so that
every oddity is the same. A value may stand in single, double or back quotes, over several lines too; outside of quotes
`#` begins a comment wherever it stands, and spaces around are no part of it. In double quotes `\\n` and `\\r` are line
breaks; no other backslash means anything, and no variable is put in.
"""

import re
from pathlib import Path

from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.settings.os_errors import why_refused

# Node's \s holds the byte order mark, Python's does not.
_SPACE = r"[\s\ufeff]"
_LINE = re.compile(
    rf"^{_SPACE}*(?:export{_SPACE}+)?([A-Za-z0-9_.-]+)(?:{_SPACE}*={_SPACE}*?|:{_SPACE}+?)"
    rf"({_SPACE}*'(?:\\'|[^'])*'|{_SPACE}*\"(?:\\\"|[^\"])*\"|{_SPACE}*`(?:\\`|[^`])*`|[^#\r\n]+)?"
    rf"{_SPACE}*(?:#.*)?$",
    re.MULTILINE,
)
_QUOTED = re.compile(r"^(['\"`])([\s\S]*)\1$", re.MULTILINE)


def parse(text: str) -> dict[str, str]:
    """The variables of a `.env` file; of a name that is there twice the last counts.

    >>> parse('A=1 # one\\nexport B="x\\\\ny"\\n')
    {'A': '1', 'B': 'x\\ny'}
    """
    found = {}
    for name, raw in _LINE.findall(re.sub(r"\r\n?", "\n", text)):
        value = raw.strip().strip("\ufeff")
        unquoted = _QUOTED.sub(r"\2", value)
        if value.startswith('"'):
            unquoted = unquoted.replace("\\n", "\n").replace("\\r", "\r")
        found[name] = unquoted
    return found


def read(path: Path) -> dict[str, str]:
    """The variables of a `.env` file; none where there is no file.

    Raises:
        SettingsError: it is not UTF-8, or it cannot be read.
    """
    if not path.is_file():
        return {}
    try:
        return parse(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: it is not UTF-8; save it as UTF-8") from None
    except OSError as error:
        raise SettingsError(f"{path}: it cannot be read: {why_refused(error)}") from None
