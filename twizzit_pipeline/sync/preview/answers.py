"""What Twizzit answered to one preview, kept in memory: a transaction that must be done again asks nothing twice.

No transaction is open while Twizzit is asked: a question that has no answer yet ends it (`Unanswered`), the question is
put, and all is done again with its answer at hand. So ShotSpot waits for no server of Twizzit's.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from collections.abc import Set as AnySet
from dataclasses import dataclass, field
from typing import Any, cast

from twizzit_pipeline.errors import TwizzitPipelineError
from twizzit_pipeline.twizzit.source import Source


class Unanswered(Exception):
    """A question that has no answer yet; `ask` puts it and keeps the answer."""

    def __init__(self, name: str, ask: Callable[[], None]) -> None:
        super().__init__("a question to Twizzit that has no answer yet")
        self.name = name
        self.ask = ask


@dataclass
class Answers:
    """The answers to one preview's questions, errors included."""

    _kept: dict[Hashable, object] = field(default_factory=dict)

    def layer(self, source: Source) -> Source:
        """The source, with its questions answered from here."""
        return cast("Source", _Remembering(source, self))

    def answer(self, name: str, question: Hashable, ask: Callable[[], object]) -> object:
        """The kept answer.

        Raises:
            Unanswered: there is none yet.
            TwizzitPipelineError: what came of the question.
        """
        if question not in self._kept:
            raise Unanswered(name, lambda: self.put(question, ask))
        found = self._kept[question]
        if isinstance(found, TwizzitPipelineError):
            raise found.with_traceback(None)
        return found

    def put(self, question: Hashable, ask: Callable[[], object]) -> None:
        """Asks, and keeps what comes of it."""
        try:
            self._kept[question] = ask()
        except TwizzitPipelineError as error:
            self._kept[question] = error


class _Remembering:
    """Every method of a source by its name, asked once for the same arguments; what is no question is the source's."""

    def __init__(self, source: Source, answers: Answers) -> None:
        self._source, self._answers = source, answers

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._source, name)
        if not callable(method):
            return method

        def ask(*args: object, **named: object) -> object:
            return self._answers.answer(name, (name, _frozen(args), _frozen(named)), lambda: method(*args, **named))

        return ask


def _frozen(value: object) -> Hashable:
    """An argument as a key of a dictionary: collections by what is in them."""
    if isinstance(value, Mapping):
        return frozenset((key, _frozen(one)) for key, one in value.items())
    if isinstance(value, AnySet):
        return frozenset(map(_frozen, value))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(map(_frozen, value))
    assert isinstance(value, Hashable)
    return value
