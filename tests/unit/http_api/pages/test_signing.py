"""What is signed is read back as it was, and nothing else is: changed, over, of another kind, or of another secret."""

import time

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from twizzit_pipeline.http_api.access import Caller
from twizzit_pipeline.http_api.pages.signing import (
    IDLE_SECONDS,
    LONGEST_LINK_MINUTES,
    LONGEST_SECONDS,
    Refused,
    Session,
    Signer,
    new_session,
)
from twizzit_pipeline.http_api.problems import Problem
from twizzit_pipeline.http_api.tokens import Tokens

SECRET = SecretStr("a secret of ShotSpot that is long enough")
SIGNER = Signer(SECRET)
READERS = (SIGNER.read_link, SIGNER.read_session, SIGNER.read_notice)


def texts() -> dict[str, str]:
    _, link = SIGNER.link("admin", 3, 60)
    session = new_session(Caller("7", "coach", frozenset({2, 1})), None)
    return {"link": link, "session": SIGNER.session(session), "notice": SIGNER.notice("done", "Saved")}


def test_each_is_read_as_it_was_made() -> None:
    made, text = SIGNER.link("coach", 3, 60)
    assert SIGNER.read_link(text) == made
    session = new_session(Caller("7", "coach", frozenset({2, 1})), None)
    assert SIGNER.read_session(SIGNER.session(session)) == session
    assert session.credentials == (1, 2)
    assert session.caller == Caller("7", "coach", frozenset({1, 2}))
    free = new_session(Caller(None, "admin", None), None)
    assert SIGNER.read_session(SIGNER.session(free)).caller == Caller(None, "admin", None)
    assert SIGNER.read_notice(SIGNER.notice("error", "Não <b>")) == ("error", "Não <b>")


@pytest.mark.parametrize("ahead", [3 * 86400, 366 * 86400])
def test_what_a_clock_that_was_ahead_has_signed_is_over_when_it_is_put_right(
    ahead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be good for as long as the clock was ahead: a session for a year."""
    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() + ahead)
    kinds = texts()
    for reader, text in zip(READERS, kinds.values(), strict=True):
        assert reader(text)
    monkeypatch.setattr(time, "time", right)
    for reader, text in zip(READERS, kinds.values(), strict=True):
        with pytest.raises(Refused):
            reader(text)


def test_a_session_that_is_renewed_is_not_good_for_longer_than_any() -> None:
    ahead = int(time.time()) + 366 * 86400
    with pytest.raises(Refused):
        SIGNER.read_session(SIGNER.session(Session("id", "7", "admin", None, ahead, int(time.time()) + 100)))


def test_the_longest_link_is_good() -> None:
    made, text = SIGNER.link("admin", 3, 60 * LONGEST_LINK_MINUTES)
    assert SIGNER.read_link(text) == made


def test_none_is_taken_for_another_kind() -> None:
    kinds = texts()
    for reader, own in zip(READERS, kinds, strict=True):
        for kind, text in kinds.items():
            if kind != own:
                with pytest.raises(Refused):
                    reader(text)


def test_none_is_a_token_of_the_api_even_where_the_signature_is_not_looked_at() -> None:
    for text in texts().values():
        with pytest.raises(Problem) as refused:
            Tokens(SECRET).caller(f"Bearer {text}")
        assert refused.value.status == 401
        claims = jwt.decode(text, options={"verify_signature": False, "verify_aud": False})
        assert not {"userId", "role", "username"} & set(claims)


def test_a_token_of_the_api_and_another_secret_are_refused() -> None:
    token = Tokens(SECRET).issue("admin", user_id=1, username="x", seconds=60)
    for text in (token, Signer(SecretStr("another secret that is long enough too")).link("admin", 1, 60)[1]):
        for reader in READERS:
            with pytest.raises(Refused):
                reader(text)


@given(st.text(max_size=200))
def test_any_other_text_is_refused(text: str) -> None:
    for reader in READERS:
        with pytest.raises(Refused):
            reader(text)
    assert not SIGNER.fits(text, "session")


@given(st.integers(0, 10_000), st.characters(codec="ascii"))
def test_a_changed_letter_is_seen(place: int, letter: str) -> None:
    _, text = SIGNER.link("admin", 3, 60)
    at = place % (len(text) - 1)  # of the last one, some bits say nothing
    changed = text[:at] + letter + text[at + 1 :]
    if changed != text:
        with pytest.raises(Refused):
            SIGNER.read_link(changed)


def test_one_that_is_over_is_refused() -> None:
    now = int(time.time())
    for reader, text in (
        (SIGNER.read_link, SIGNER.link("admin", 3, -1)[1]),
        (SIGNER.read_session, SIGNER.session(Session("s", "7", "admin", None, now + 60, now - 1))),
    ):
        with pytest.raises(Refused):
            reader(text)


def test_a_session_ends_after_an_hour_of_rest_twelve_hours_or_with_its_token() -> None:
    now = time.time()
    for session in (new_session(Caller("7", "admin", None), ends) for ends in (None, 1e300)):
        assert int(now) <= session.ends - LONGEST_SECONDS <= time.time()
        assert int(now) <= session.idle - IDLE_SECONDS <= time.time()
    short = new_session(Caller("7", "admin", None), now + 100)
    assert short.idle == short.ends == int(now + 100)
    assert short.renewed() is None
    rested = Session("s", "7", "admin", None, int(now) + 500, int(now) + 10)
    assert rested.renewed() == Session("s", "7", "admin", None, int(now) + 500, int(now) + 500)


def test_a_form_is_of_one_session() -> None:
    token = SIGNER.form_token("one")
    assert SIGNER.fits(token, "one")
    assert not SIGNER.fits(token, "two")
    assert not SIGNER.fits("", "one")
    assert not Signer(SecretStr("another secret that is long enough too")).fits(token, "one")
