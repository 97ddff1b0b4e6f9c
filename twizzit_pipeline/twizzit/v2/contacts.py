"""Who a person is in v2: contacts by id, for as few calls as can be.

What belongs here: the choice between asking by ids (10 a call) and reading the organization's list (100 a call). What
is kept of a contact is in `people`.

Asking for N contacts costs ceil(N / 10) calls. How many the list costs is known only at its end, so it is read page by
page, no further than asking would cost; what is then still missing is asked for. Together that is at most twice the
cheaper way (a list of a round length, such as fifty, costs one page more: it could as well have been cut). The pages
need no proof of their own: a person who was not on them is asked for by id.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from math import ceil

from twizzit_pipeline.errors import AccessDenied, TwizzitPipelineError
from twizzit_pipeline.twizzit.people import Person, person
from twizzit_pipeline.twizzit.v2.lists import IDS_A_CALL, Scope, at_most, tens
from twizzit_pipeline.twizzit.wire import Row, identifier, plain_keys

_CONTACTS = "/contacts"
_LIMIT = 100
_MOST_IDS = _LIMIT + 1  # of one page: more than the ids that were asked for, and than those of a full page


@dataclass(frozen=True, slots=True)
class Contacts:
    """People by id, and the error for each id that could not be asked for. An id in neither is no contact."""

    people: Mapping[str, Person]
    failed: Mapping[str, TwizzitPipelineError] = field(default_factory=dict)


def read_contacts(scope: Scope, ids: Iterable[str]) -> Contacts:
    """The people with these ids.

    Raises:
        AccessDenied: the account may not read contacts.
        TwizzitAnswerError: an error that ends everything, or one of reading the list where ids are ignored.
    """
    search = _Search(scope, set(ids))
    search.read_pages()
    failed = search.ask_by_ids()
    return Contacts(search.found, failed)


class _Search:
    """One search for a set of ids: what was found, what is missing, and what it cost so far."""

    def __init__(self, scope: Scope, ids: set[str]) -> None:
        self.found: dict[str, Person] = {}
        self.missing = set(ids)
        self._scope = scope
        self._by_ids = ceil(len(ids) / IDS_A_CALL)
        self._pages = 0
        self._offset = 0
        self._limit = _LIMIT
        self._page_size = _LIMIT
        self._listed: set[str] = set()
        self._last_page: int | None = None  # the number of the page that ended the list
        self._useless = False  # the list cannot be read by pages

    def read_pages(self) -> None:
        """Read the list until all are found, it ends, or going on cannot be cheaper than asking by ids."""
        while len(self.missing) > IDS_A_CALL and self._pages < self._by_ids and not (self._last_page or self._useless):
            # So many pages are needed at least. No more at once than were read before: should the list end among
            # them (ids that are no contacts), the calls in vain stay below the calls of use.
            needed = ceil(len(self.missing) / self._page_size)
            wave = min(needed, self._by_ids - self._pages, max(1, self._pages))
            offsets = [self._offset + step * self._page_size for step in range(wave)]
            answers = self._scope.session.gather([partial(self._page, offset) for offset in offsets])
            self._limit = self._accepted()[0]
            for answer in answers:
                self._pages += 1
                if isinstance(answer, AccessDenied):
                    raise answer  # asking by ids would be refused in the same way
                if isinstance(answer, TwizzitPipelineError):
                    self._useless = True
                else:
                    self._take_page(answer)

    def ask_by_ids(self) -> dict[str, TwizzitPipelineError]:
        """Ask for those still missing; the error for each id whose call failed.

        Once the list was read to its end, who is missing is no contact. They are asked for all the same, as rows may
        have moved between the pages, but for no more calls than make twice the cheaper way.
        """
        batches = tens(sorted(self.missing))
        if self._last_page is not None and not self._useless:
            batches = batches[: max(0, 2 * min(self._by_ids, self._last_page) - self._pages)]
        failed: dict[str, TwizzitPipelineError] = {}
        # The first goes alone: an account that ignores the filter shows it, and costs no more calls.
        for wave in (batches[:1], batches[1:]):
            answers = self._scope.session.gather([partial(self._asked, batch) for batch in wave])
            for batch, answer in zip(wave, answers, strict=True):
                if isinstance(answer, AccessDenied):
                    raise answer
                if isinstance(answer, TwizzitPipelineError):
                    failed |= dict.fromkeys(batch, answer)
                    continue
                self._take(answer)
                if not answer.ids <= set(batch):
                    self._read_everything()
                    return {}
        return failed

    def _read_everything(self) -> None:
        """The list alone is left where ids are ignored, which then needs a proof: a person not on it does not exist."""
        rows = self._scope.every(_CONTACTS, limit=_LIMIT, looked_through=True)
        self._take(self._kept(rows))

    def _page(self, offset: int) -> "_Page":
        return self._kept(self._scope.page(_CONTACTS, limit=self._limit, offset=offset))

    def _asked(self, ids: Sequence[str]) -> "_Page":
        return self._kept(self._scope.page(_CONTACTS, [("contact-ids[]", one) for one in ids], limit=self._limit))

    def _accepted(self) -> list[int]:
        """The limits that this list does not refuse, as far as is known."""
        return self._scope.session.page_limits.accepted(_CONTACTS, at_most(self._limit))

    def _take_page(self, page: "_Page") -> None:
        if page.ids <= self._listed and page.length == self._page_size:
            self._useless = True  # every offset gives the same rows
        limits, asked = self._scope.session.page_limits, self._limit
        if limits.may_be_cut(_CONTACTS, asked, page.length):
            self._page_size = page.length
            # A smaller limit may bring more at once than one above the cap.
            self._limit = next((one for one in self._accepted() if page.length <= one < asked), asked)
            self._useless = self._useless or self._limit <= IDS_A_CALL  # asking by ids brings as many
        elif page.length == asked:
            self._page_size = asked
        elif self._last_page is None:
            self._last_page = self._pages
        self._offset += page.length
        self._listed |= page.ids
        self._take(page)

    def _take(self, page: "_Page") -> None:
        for found in self.missing & page.people.keys():
            self.found[found] = page.people[found]
            self.missing.discard(found)

    def _kept(self, rows: Sequence[Row]) -> "_Page":
        by_id = {found: row for row in map(plain_keys, rows) if (found := identifier(row.get("id")))}
        wanted = {found: person(by_id[found]) for found in self.missing & by_id.keys()}
        return _Page(len(rows), frozenset(islice(by_id, _MOST_IDS)), wanted)


@dataclass(frozen=True, slots=True)
class _Page:
    """What is kept of one answer, while hundreds are read at once: how many rows it had, whose rows they are (of a
    longer page than was asked for the first), and the people who are missing.
    """

    length: int
    ids: frozenset[str]
    people: Mapping[str, Person]
