"""Histories of a club, drawn: who is listed at first, the deeds that may follow, and living through them."""

from hypothesis import strategies as st

from tests.support.beginnings import deed, histories
from tests.support.club_history import ANCHOR, TEAMS, person
from tests.support.club_model import FIELDS
from tests.support.listed_model import LEAST
from tests.support.memory_account import MemoryAccount, Person, Spoiled

PEOPLE = tuple(str(number) for number in range(101, 107))
NEW = ("107", "108")


def list_everyone(account: MemoryAccount) -> None:
    """Four teams, one or two players in each, and one who played the season before."""
    account.groups = {team: f"Ploeg {team}" for team in TEAMS}
    account.groups_before = {"1": "Ploeg van toen"}
    account.people = {}
    for place, remote_id in enumerate((ANCHOR, *PEOPLE)):
        one = person(remote_id)
        one.teams = {TEAMS[place % len(TEAMS)]}
        one.before = {"1"} if place % 2 else set()
        account.people[remote_id] = one
    account.people["900"] = Person("Oud", "Speler 900", before={"1"})


def list_everyone_in_v1(account: MemoryAccount) -> None:
    """The same in an account that cannot be asked for an id."""
    list_everyone(account)
    account.can_prove_absence = False


_people = st.sampled_from((*PEOPLE, *NEW[:1]))
_teams = st.sampled_from(TEAMS)
_leaving = st.sampled_from(TEAMS[1:])  # the running season decides by the first one
_words = st.sampled_from(["Bo", "Cas", "Daan"])
_policies = st.sampled_from(["twizzit", "shotspot", "newest", "ask", "ask"])
_decisions = st.sampled_from(["approve", "refuse"])
_spoiled = st.one_of(
    st.builds(Spoiled, unread=st.sampled_from(TEAMS)),
    st.builds(Spoiled, shifted=_people),
    st.builds(Spoiled, shifted_team=_leaving, silent_on_teams=st.just(True)),
    st.builds(Spoiled, shifted_team=_leaving, half=st.one_of(st.none(), st.sampled_from(range(4)))),
    st.builds(Spoiled, half=st.sampled_from(range(4)), drops_filter=st.booleans()),
    st.just(Spoiled(drops_filter=True)),
    st.builds(Spoiled, fails=st.sampled_from(["teams", "rosters", "questions"])),
)


_QUIET = st.one_of(
    deed("says", _people, st.sampled_from(FIELDS[:2]), _words),
    deed("is_edited", _people, st.sampled_from(FIELDS[:2]), _words),
    deed("both_change", _people, st.sampled_from(FIELDS), st.tuples(_words, _words)),
    deed("both_change", _people, st.sampled_from(FIELDS), st.tuples(_words, _words)),
    deed("is_taken_back", st.integers(0, 3), st.sampled_from(["shotspot", "shotspot", "twizzit", "both"])),
    deed("takes_number", _people, st.sampled_from([None, 1, 2, 3, 4])),
    deed("plays_in", _people, st.sets(st.sampled_from(TEAMS), max_size=2)),
    deed("leave", st.sets(_people, min_size=1, max_size=1)),
    deed("leave", st.sets(_people, min_size=LEAST - 1, max_size=LEAST + 1)),
    deed("comes", _people, st.sampled_from(TEAMS)),
    deed("is_switched", _people, st.booleans()),
    deed("team_says", _teams, _words),
    deed("team_is_edited", _teams, _words),
    deed("team_both_change", _teams, st.tuples(_words, _words)),
    deed("team_is_switched", _teams, st.booleans()),
    deed("teams_leave", st.sets(_leaving, min_size=1, max_size=1)),
    deed("teams_leave", st.sets(_leaving, min_size=1, max_size=3)),
    deed("team_comes", _leaving, st.one_of(st.none(), _words)),
    deed("team_is_made_anew", st.sets(_teams, min_size=1, max_size=3)),
    deed("decides_team", _leaving, _decisions),
    deed("sets_policy", _policies, st.one_of(st.none(), _policies)),
    deed("time_passes", st.sampled_from([1.5, 8, 31])),
    deed("stands_by", _people),
    deed("comes_twice", _people, st.sampled_from(TEAMS), st.sampled_from([None, 1, 9])),
    deed("decides_who", st.integers(0, 2), st.integers(0, 2), st.booleans()),
    deed("decides", _people, _decisions),
    deed("decides_all", _decisions),
)
_TAKEN_BACK = deed(
    "asks_and_is_taken_back",
    _people,
    st.sampled_from(FIELDS),
    st.sampled_from([("Bo", "Cas"), ("Cas", "Daan"), ("Daan", "Bo")]),
    st.sampled_from(["shotspot", "twizzit", "both", "shotspot"]),
    st.one_of(_words, st.none()),
)
_RUNNING = st.one_of(
    deed("sync"),
    deed("sync"),
    deed("sync", _spoiled),
    deed("sync", _spoiled),
    deed("backfill"),
    deed("sync_that_is_undone"),
    deed("undo_that_is_undone"),
    deed("preview_and_sync"),
    deed("resolves", st.integers(0, 3), st.sampled_from(["twizzit", "shotspot", "value"]), _words, st.booleans()),
    deed("decides_who", st.integers(0, 2), st.integers(0, 2), st.booleans()),
    *[_TAKEN_BACK] * 2,
    deed("is_doubtful", st.just(NEW[1]), st.integers(0, 2)),
)
HISTORIES = histories(_QUIET, _RUNNING)
