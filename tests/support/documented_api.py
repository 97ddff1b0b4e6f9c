"""Calls of the HTTP API that schemathesis makes of its OpenAPI document, each answer held to the document.

Importing this costs a second: a test does so where it uses it, since each worker of xdist imports all modules of tests.
"""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from tests.support.api_server import ApiServer

load_all_checks()

# Which endpoints are accepted no schema can say, and unknown parameters are passed over: what is accepted and what is
# refused is for `test_access` to hold, and that each route refuses a caller without a token or with a wrong one.
LEFT_OUT: Any = CHECKS.get_by_names(["positive_data_acceptance", "negative_data_rejection", "ignored_auth"])


def examples(most: int) -> settings:
    """Bounded, the same ones each time, and quick to fail."""
    return settings(
        max_examples=most,
        deadline=None,
        derandomize=True,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
        database=None,
    )


def operations(api: ApiServer) -> Sequence[Any]:
    """All that the document describes."""
    document: Any = schemathesis.openapi.from_url(f"{api.root}/openapi.json", timeout=60)
    return [found.ok() for found in document.get_all_operations()]


def drive(operation: Any, sent: Mapping[str | None, int], *, negative: bool = False) -> None:
    """Calls of it, each token's so many; `negative`: such as the document does not allow."""
    mode = GenerationMode.NEGATIVE if negative else GenerationMode.POSITIVE
    _hold(operation.as_strategy(generation_mode=mode), sent)


def _hold(cases: SearchStrategy[Case[Any]], sent: Mapping[str | None, int]) -> None:
    """Sends these cases, each held to the document. The same ones with each token: to make one up takes longest."""
    number = count()
    with requests.Session() as session:
        session.trust_env = False  # no proxy is looked for, a thousand times

        @examples(max(sent.values()))
        @given(case=cases)
        def hold(case: Case[Any]) -> None:
            place = next(number)
            for token, most in sent.items():
                if place < most:
                    call(case, token, session)

        hold()


def call(case: Case[Any], sent: str | None, session: requests.Session) -> None:
    """One call; no call waits for a sync here, and the credential that is there is not deleted."""
    path, query = case.path_parameters or {}, case.query
    if case.method == "POST" and "/sync/" in case.path and "preview" not in case.path and sent:
        wait = query.get("wait", 120.0)
        case.query = {**query, "wait": 0.0 if isinstance(wait, float | int) and 0 <= wait <= 600 else wait}
    if case.method == "DELETE" and path.get("credentialId") == 1:
        return
    headers = {} if sent is None else {"Authorization": f"Bearer {sent}"}
    case.call_and_validate(headers=headers, session=session, excluded_checks=LEFT_OUT)
