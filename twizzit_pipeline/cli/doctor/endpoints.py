"""The endpoints of the active credentials: allowed, and reachable. Only trying the logins costs calls."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from twizzit_pipeline.cli.doctor.finding import Finding, Installation, listed, ok, problem
from twizzit_pipeline.cli.output.terminal import plural
from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.store import Credential
from twizzit_pipeline.errors import EndpointRefused, SettingsError, TwizzitPipelineError
from twizzit_pipeline.storage.engine import driver_errors

_SECONDS = 5.0
_AT_ONCE = 16


def look_at_endpoints(installation: Installation) -> Iterator[Finding]:
    """One finding for each endpoint, however many credentials use it."""
    with driver_errors():
        active = [one for one in store.list_all(installation.database.engine) if one.is_active]
    if not active:
        yield ok("endpoint", "There is no active credential yet")
        return
    by_endpoint: dict[str, list[int]] = {}
    for credential in active:
        by_endpoint.setdefault(credential.api_endpoint, []).append(credential.id)
    allow_private = installation.settings.allow_private_endpoints
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        yield from threads.map(lambda item: _endpoint(*item, allow_private=allow_private), by_endpoint.items())
    if installation.verify:
        for credential in active:
            yield _login(installation, credential)


def _endpoint(url: str, ids: list[int], *, allow_private: bool) -> Finding:
    from twizzit_pipeline.twizzit.endpoint import parse_endpoint  # noqa: PLC0415  (httpx)
    from twizzit_pipeline.twizzit.reach import reach  # noqa: PLC0415

    whose = f"{'credential' if len(ids) == 1 else 'credentials'} {listed(ids)}"
    try:
        endpoint = parse_endpoint(url)
        reach(endpoint, allow_private=allow_private, seconds=_SECONDS)
    except (EndpointRefused, SettingsError) as error:
        return problem("endpoint", f"{error} ({whose})")
    except TwizzitPipelineError as error:
        todo = "See this machine's network and firewall, and the spelling: twizzit credentials list"
        return problem("endpoint", f"{error} ({whose})", todo)
    return ok("endpoint", f"{endpoint.host} answers; dialect {endpoint.dialect} ({whose})")


def _login(installation: Installation, credential: Credential) -> Finding:
    from twizzit_pipeline.accounts.verify import verify  # noqa: PLC0415  (frames)

    try:
        verification = verify(installation.settings, installation.database, credential.id)
    except TwizzitPipelineError as error:
        return problem("login", f"Credential {credential.id}: {error}")
    spent = plural(verification.calls, "call")
    if verification.refusals:
        return problem("login", f"Credential {credential.id} logs in, but: {'; '.join(verification.refusals)}")
    return ok("login", f"Credential {credential.id} logs in and may read its organization; {spent} spent")
