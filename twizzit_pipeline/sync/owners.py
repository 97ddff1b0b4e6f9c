"""A credential as the owner of mappings."""

from twizzit_pipeline.credentials.store import Credential
from twizzit_pipeline.plan.rows import Owner
from twizzit_pipeline.twizzit.endpoint import parse_endpoint


def owner_of(credential: Credential) -> Owner:
    """The credential in the organization that its last sync or `verify` found it to read; else in the one of its name.

    Raises:
        EndpointRefused: its endpoint is none.
    """
    endpoint = parse_endpoint(credential.api_endpoint)
    return Owner(
        credential.id,
        endpoint.dialect,
        credential.twizzit_organization_id,
        credential.twizzit_organization_name or credential.organization_name,
        credential.club_id,
        host=endpoint.server,
        names_own_teams_alone=endpoint.speaks.own_ids_alone,
    )
