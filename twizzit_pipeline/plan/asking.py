"""What a plan asks people: the conflicts that it found, the links that are doubtful; and what is settled."""

from collections.abc import Iterable, Mapping

from twizzit_pipeline.plan import DOUBTFUL_LINK, Failed, Question, SettledBy
from twizzit_pipeline.plan.decisions import Decisions, OpenQuestion, plain


class Asking:
    """The conflicts of one plan: collects the new questions, and those that are none any more."""

    def __init__(self, decisions: Decisions) -> None:
        self._policies = decisions.policies
        self._open: dict[str, dict[str, OpenQuestion]] = {}
        for one in decisions.open:
            if one.kind == "field" and one.stands:
                self._open.setdefault(one.twizzit_id, {})[one.column] = one
        self.questions: list[Question] = []
        gone = [one.id for one in decisions.open if one.kind == "field" and not one.stands]
        self.settled: dict[int, SettledBy] = dict.fromkeys(gone, "row_gone")

    def look(
        self,
        remote_id: str,
        local_id: int,
        *,
        base: Mapping[str, object] | None,
        remote: Mapping[str, object],
        held: Mapping[str, object],
        values: Mapping[str, object],
        conflicts: Iterable[str],
        mapped_as: str | None = None,
    ) -> None:
        """Looks at a row that was merged.

        Args:
            mapped_as: the remote id of its mapping, where that goes over to `remote_id`: its questions go with it.
            base, remote, held: as they were merged.
            values: what its columns are to be.
            conflicts: the columns that both sides changed.
        """
        known = self._open.get(mapped_as or remote_id, {})
        for column in conflicts:
            if self._policies.of(column) == "ask" and column not in known:
                self._ask(remote_id, column, local_id, plain((base or {}).get(column)), values[column], remote[column])
        for column, one in known.items():
            if column in remote:
                self._look_again(one, remote_id, local_id, held[column], values[column], remote[column])

    def is_moot(self, remote_id: str) -> None:
        """Settles what is asked about a row that no sync writes any more."""
        for one in self._open.get(remote_id, {}).values():
            self.settled[one.id] = "row_gone"

    def _look_again(
        self, one: OpenQuestion, remote_id: str, local_id: int, held: object, value: object, remote: object
    ) -> None:
        why = self._settled_by(one, plain(held), plain(value), plain(remote))
        if why is not None:
            self.settled[one.id] = why
            return
        if one.twizzit_id != remote_id:
            self.settled[one.id] = "row_gone"
        elif (plain(value), plain(remote)) == (one.local, one.remote):
            return
        self._ask(remote_id, one.column, local_id, one.base, value, remote)

    def _settled_by(self, one: OpenQuestion, held: object, value: object, remote: object) -> SettledBy | None:
        """Why nothing is asked any more; None where it is.

        Args:
            held, value: what ShotSpot held, and is to hold.
        """
        if remote == held:
            return "both_agree"
        if remote == one.base:
            return "twizzit_reverted"
        if self._policies.of(one.column) != "ask":
            return "other_policy"
        if held == one.base:
            return "shotspot_reverted"
        return "both_agree" if remote == value else None

    def _ask(self, remote_id: str, column: str, local_id: int, base: object, value: object, remote: object) -> None:
        if plain(value) != plain(remote):
            question = Question(
                "field", remote_id, column, local_id, base=base, local=plain(value), remote=plain(remote)
            )
            self.questions.append(question)


def doubts(
    failed: Iterable[Failed], decisions: Decisions, spoken_of: Iterable[str]
) -> tuple[list[Question], dict[int, SettledBy]]:
    """The doubtful links of a plan that are not asked about yet, or not with these local rows; and those settled.

    Args:
        failed: the failed items of the plan.
        spoken_of: the remote ids that the plan is about; the others stay as they are.
    """
    doubtful = {item.twizzit_id: item.local_ids for item in failed if item.reason == DOUBTFUL_LINK}
    plain_ones = (one for one in decisions.open if one.kind == "doubtful_link" and not one.is_of_mapped)
    known = {one.twizzit_id: one for one in plain_ones if not one.is_of_name}
    asked = [
        Question("doubtful_link", remote_id, candidates=local_ids)
        for remote_id, local_ids in doubtful.items()
        if remote_id not in known or known[remote_id].candidates != local_ids
    ]
    certain = set(spoken_of) - doubtful.keys()
    settled: dict[int, SettledBy] = {
        one.id: "certain" if one.stands else "row_gone"
        for one in known.values()
        if one.twizzit_id in certain or not one.stands
    }
    return asked, settled
