"""Histories of a club's calendar, drawn."""

from hypothesis import strategies as st

from tests.support.beginnings import deed, histories
from tests.support.calendar_history import MATCHES
from tests.support.calendar_model import FIELDS
from tests.support.memory_account import Spoiled

_matches = st.sampled_from(MATCHES)
_words = st.sampled_from(["Bo", "Cas", "Daan"])
_days = st.sampled_from([2, 9, 16])
_goals = st.tuples(st.integers(0, 3), st.integers(0, 3))
_policies = st.sampled_from(["twizzit", "shotspot", "newest", "ask", "ask"])
_decisions = st.sampled_from(["approve", "refuse"])
_spoiled = st.one_of(
    st.builds(Spoiled, half=st.just(0)), st.builds(Spoiled, fails=st.sampled_from(["calendar", "questions"]))
)
_QUIET = st.one_of(
    deed("match_is_moved", _matches, _days),
    deed("match_stands", _matches, st.sampled_from(["cancelled", "to_reschedule", "scheduled"])),
    deed("match_is_played", _matches, _goals),
    deed("matches_leave", st.sets(_matches, min_size=1, max_size=1)),
    deed("matches_leave", st.sets(_matches, min_size=1, max_size=4)),
    deed("match_comes", _matches),
    deed("matches_are_made_anew", st.sets(_matches, min_size=1, max_size=3)),
    deed("game_is_edited", _matches, st.just("status"), st.just("begins")),
    deed("game_is_edited", _matches, st.sampled_from(FIELDS), _words),
    deed("game_is_played", _matches, _goals),
    deed("both_change", _matches, st.sampled_from(FIELDS), st.tuples(_words, _words)),
    deed("both_change", _matches, st.sampled_from(FIELDS), st.tuples(_words, _words)),
    deed("competition_is_called", _words),
    deed("competition_is_edited", _words),
    deed("sets_policy", _policies, st.one_of(st.none(), _policies)),
    deed("time_passes", st.sampled_from([1.5, 8])),
    deed("time_passes", st.sampled_from([8, 31])),
    deed("decides", _matches, _decisions),
    deed("decides_all", _decisions),
)
_RUNNING = st.one_of(
    deed("sync"),
    deed("sync"),
    deed("sync", _spoiled),
    deed("leave_for_good", st.sets(_matches, min_size=1, max_size=2)),
    deed("leave_for_good", st.sets(_matches, min_size=1, max_size=4)),
    deed("sync_that_is_undone"),
    deed("undo_that_is_undone"),
    deed("preview_and_sync"),
    deed("resolves", st.integers(0, 3), st.sampled_from(["twizzit", "shotspot", "value"]), _words, st.booleans()),
)
CALENDARS = histories(_QUIET, _RUNNING)
