"""The dialects that there are, a line each: a further one is a folder of its own and a line here.

What belongs here: what is true of a dialect as a whole. Its paths and rows are its folder's.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """A shape of Twizzit's API.

    Attributes:
        name: as mappings keep it; ten characters at most.
        path: how the path of an endpoint ends that speaks it.
        answered_by: `module:class` of its `source.Source`, made with a session, the organization's name and the
            credential's meanings (`client.source_of`). By name, since a dialect's folder imports what reads this list.
        has_organizations: its answers say whose they are; without, the credential's name stands for the organization.
        own_ids_alone: a team's id in a match means one of the account's own teams; without, opponents have ids as well.
    """

    name: str
    path: str
    answered_by: str
    has_organizations: bool = False
    own_ids_alone: bool = False


# Where every one of them takes a username and password, below its base URL.
LOGIN_PATH = "/authenticate"

DIALECTS: Mapping[str, Dialect] = {
    each.name: each
    for each in (
        Dialect("v1", "/v1", "twizzit_pipeline.twizzit.v1.dialect:V1"),
        Dialect("v2", "/v2/api", "twizzit_pipeline.twizzit.v2.dialect:V2", has_organizations=True, own_ids_alone=True),
    )
}
# What a bare host speaks: the live service.
OF_A_BARE_HOST = DIALECTS["v2"]
LIVE_ENDPOINT = f"https://app.twizzit.com{OF_A_BARE_HOST.path}"


def of_path(path: str) -> Dialect | None:
    """The dialect of an endpoint with this path, without a slash at its end; None where no dialect has such a path."""
    fitting = [one for one in DIALECTS.values() if path.endswith(one.path)]
    return max(fitting, key=lambda one: len(one.path), default=None)


def paths() -> str:
    """How the path of an endpoint may end, for messages."""
    return " or ".join(one.path for one in DIALECTS.values())
