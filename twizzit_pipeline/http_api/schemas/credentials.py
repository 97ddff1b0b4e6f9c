"""Answers about credentials and their verification."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from twizzit_pipeline.http_api.schemas.base import Answer


class StoredCredential(Answer):
    """What a login is known by."""

    id: int
    organization_name: str
    api_username: str
    api_endpoint: str


class Credential(StoredCredential):
    """A login, without its password."""

    is_active: bool
    last_verified_at: datetime | None
    created_at: datetime | None
    updated_at: datetime | None


class CredentialAccepted(Answer):
    """The login as it is now. `because`: why its password was not bound to it; null where there was nothing to do."""

    message: str
    credential: StoredCredential
    because: Literal["changed", "without_mac", "not_renewed"] | None


class NamedClub(Answer):
    """Which club of ShotSpot the credential's organization is; both null where its name decides."""

    club_id: int | None = Field(validation_alias="id")
    club_name: str | None = Field(validation_alias="name")


class Credentials(Answer):
    """Every login."""

    credentials: list[Credential]


class Organization(Answer):
    """A credential as a coach may see it: enough to choose one."""

    id: int
    organization_name: str
    is_active: bool
    last_verified_at: datetime | None


class Organizations(Answer):
    """The credentials that the caller may use."""

    organizations: list[Organization]


class Capabilities(Answer):
    """How much the account may read; `groups` is null where they cannot be counted without reading them all."""

    organizations: int
    groups: int | None
    seasons: int


class FedClub(Answer):
    """A club of ShotSpot that a login feeds. `named`: how many of its teams named it themselves."""

    club_id: int
    club_name: str
    teams: int
    named: int


class FedClubs(Answer):
    """All of them, by name."""

    clubs: list[FedClub]


class Moved(Answer):
    """Where a credential asks now.

    `carriedOver`: mappings that count there from now on; `left`: those of another host, which no sync uses.
    """

    credential_id: int
    host: str
    carried_over: int
    left: int


class TeamsToCome(Answer):
    """The teams that a sync of the running season would bring, by name; and the groups that it would not, counted."""

    season: str
    names: list[str]
    rejected: int
    set_aside: int


class Verified(Answer):
    """200. `teams` is null where a sync could not read them."""

    success: Literal[True] = True
    message: str
    organization_name: str
    capabilities: Capabilities
    teams: TeamsToCome | None = None


class NotVerified(Answer):
    """A login that does not work (200, or 401 for those who ask for it), and a token that is none (401, then without
    `success`).
    """

    success: Literal[False] | None = None
    error: str
    message: str | None = None


class CredentialStored(Answer):
    """201. `dialect`: what the endpoint speaks, such as `v2`; `verification`: what came of one, where it was asked."""

    message: str
    credential: StoredCredential
    dialect: str
    verification: Verified | NotVerified | None = None
