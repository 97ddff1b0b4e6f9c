"""What one HTTP answer is: JSON to work on, a passing trouble that is worth another try, or an error for good.

What belongs here: the judgement, by status, headers and the kind of body. What is tried again is `http_retry`'s; 401,
and a 403 that does not say that it is a refusal, pass through: `auth` handles them.
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from twizzit_pipeline.errors import (
    MalformedAnswer,
    NotATwizzit,
    QuotaSpent,
    RateLimited,
    ServiceUnavailable,
    TwizzitAnswerError,
)
from twizzit_pipeline.twizzit.json_body import TooManyValues, read_json
from twizzit_pipeline.twizzit.refusals import access_denied, says_refused
from twizzit_pipeline.twizzit.sight import advice, body_shape, is_not_json, is_web_page, passing_advice, shape, words_of
from twizzit_pipeline.twizzit.wire import NOTHING

ANSWER = "twizzit_answer"  # response extension: the JSON, read once, or NOTHING
TOO_MUCH = "more than any list of a Twizzit holds"
LONGEST_PAUSE = 3600.0  # seconds; a server that asks for a longer one is asked again after this

# A spent quota differs from a short pause by its words alone (wire page: "a message that says so"), in the languages
# that Twizzit speaks.
_MONTHLY = re.compile(r"month|maand|mois|mensuel", re.IGNORECASE)
_QUOTA = re.compile(r"quota", re.IGNORECASE)
_SHORT_TERM = re.compile(r"second|minute|hour|minuut|uur|heure", re.IGNORECASE)


def judge(response: httpx.Response, path: str) -> httpx.Response:
    """The response itself if it is of use (JSON, nothing, or what `auth` must judge), else the error it stands for.

    Bodies are read for their meaning and never quoted: they may hold names.
    """
    status = response.status_code
    if status == 401 or (status == 403 and not says_refused(response)):
        return response
    if status in (204, 205):
        response.extensions[ANSWER] = NOTHING
        return response
    if response.is_success:
        try:
            response.extensions[ANSWER] = read_json(response.content)
        except TooManyValues:
            raise NotATwizzit(
                f"{path} answered {status} with {TOO_MUCH}: {advice(path)}", endpoint=path, status=status
            ) from None
        except (ValueError, RecursionError):
            raise malformed(
                path, status, body_shape(response.content), not_json=is_not_json(response.content)
            ) from None
        return response
    raise _refusal(response, path)


def _refusal(response: httpx.Response, path: str) -> TwizzitAnswerError:
    status = response.status_code
    if status == 429:
        return _too_many(response, path)
    if status >= 500 or status == 408:
        return ServiceUnavailable(
            f"{path} answered {status}: Twizzit has a problem; try again later",
            endpoint=path,
            status=status,
            retry_after=_retry_after(response),
        )
    if status == 403:
        return access_denied(path)
    if response.has_redirect_location:
        return NotATwizzit(
            f"{path} sends elsewhere ({status}), which is not followed: give the credential the final endpoint",
            endpoint=path,
            status=status,
        )
    what = "Twizzit refuses what was asked; " if status == 400 else ""
    return NotATwizzit(
        f"{path} answered {status} with {_shape_of(response)}: {what}{advice(path)}",
        endpoint=path,
        status=status,
        web_page=is_web_page(response.content),
    )


def _shape_of(response: httpx.Response) -> str:
    try:
        return shape(read_json(response.content))
    except (ValueError, RecursionError):
        return body_shape(response.content)


def malformed(path: str, status: int | None, seen: str, *, not_json: bool = False) -> MalformedAnswer:
    answered = "answered" if status is None else f"answered {status}"
    message = f"{path} {answered} with {seen}: {passing_advice(path)}"
    return MalformedAnswer(message, endpoint=path, status=status, not_json=not_json)


def _too_many(response: httpx.Response, path: str) -> QuotaSpent | RateLimited:
    words = words_of(response.content)
    wait = _retry_after(response)
    spent = _MONTHLY.search(words) or (wait is None and _QUOTA.search(words) and not _SHORT_TERM.search(words))
    if spent:
        return QuotaSpent(
            f"{path} answered 429: the account's calls for this month are spent; wait for the next month or ask "
            "Twizzit for a higher limit",
            endpoint=path,
            status=429,
        )
    asked = "" if wait is None else f" for {wait:.0f} s"
    return RateLimited(
        f"{path} answered 429: Twizzit asks us to wait{asked}; try again later",
        endpoint=path,
        status=429,
        retry_after=wait,
    )


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds that ``Retry-After`` asks for, in either form, an hour at most; None where it is absent or unreadable.

    A date is measured against the answer's own ``Date``, since the two clocks may differ.
    """
    value = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", value):
        return min(float(value), LONGEST_PAUSE)
    until = _http_date(value)
    if until is None:
        return None
    now = _http_date(response.headers.get("Date", "")) or datetime.now(UTC)
    return min(max(0.0, (until - now).total_seconds()), LONGEST_PAUSE)


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
