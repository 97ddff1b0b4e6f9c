"""What went wrong is said in the visitor's language, whatever a page's action raised."""

from collections.abc import Iterator
from typing import Any, cast

import pytest
from starlette.exceptions import HTTPException

from twizzit_pipeline import errors
from twizzit_pipeline.http_api.pages.routing import line_of
from twizzit_pipeline.http_api.pages.texts import LANGUAGES, texts_of
from twizzit_pipeline.http_api.pages.visits import Visit
from twizzit_pipeline.http_api.problems import Problem, problem_of


def classes(kind: type[errors.TwizzitPipelineError]) -> Iterator[type[errors.TwizzitPipelineError]]:
    yield kind
    for each in kind.__subclasses__():
        if each.__module__ == errors.__name__:
            yield from classes(each)


ALL = sorted(set(classes(errors.TwizzitPipelineError)), key=lambda kind: kind.__name__)
OF_HTTP = [Problem(status, "English words", "in an English sentence") for status in (400, 403, 404, 409, 424, 429, 503)]
OF_HTTP_ALONE = [HTTPException(status, "English words") for status in (400, 404, 405, 413)]


def raised(kind: type[errors.TwizzitPipelineError]) -> errors.TwizzitPipelineError:
    more: dict[str, Any] = {"NotUnique": {"choices": ()}, "ConfigurationRefused": {"field": "review"}}
    return kind("an English sentence of the API", **more.get(kind.__name__, {}))


def said(language: str, error: Exception) -> tuple[int, str]:
    visit = Visit(cast("Any", None), cast("Any", None), texts_of(language), None, "guest")
    return line_of(visit, error)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_error_of_ours_is_said_in_words_of_the_catalogue(language: str) -> None:
    own = {text for key, text in texts_of(language).texts.items() if key.startswith("error.")}
    for error in map(raised, ALL):
        status, line = said(language, error)
        assert line in own, error
        assert status == problem_of(error).status, error
        if language != "en":
            assert line not in texts_of("en").texts.values(), error


@pytest.mark.parametrize("error", [*OF_HTTP, *OF_HTTP_ALONE], ids=repr)
def test_what_http_says_is_said_in_dutch_on_a_dutch_page(error: Exception) -> None:
    status, line = said("nl", error)
    assert line in texts_of("nl").texts.values()
    assert status == (error.status if isinstance(error, Problem) else cast("HTTPException", error).status_code)


def test_the_class_above_speaks_for_one_without_a_text() -> None:
    assert said("en", errors.CredentialChanged("x"))[1] == said("en", errors.TamperedCredential("x"))[1]
    assert said("en", errors.ConnectionFailed("x"))[1].startswith("Twizzit did not answer")
    assert said("en", errors.LeaseLost("x"))[1].startswith("That could not be done")
