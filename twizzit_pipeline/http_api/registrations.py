"""The answer to who of a team is registered, with names that Twizzit alone has, for the API and the pages."""

from twizzit_pipeline.accounts.live import LiveMember
from twizzit_pipeline.errors import TwizzitPipelineError
from twizzit_pipeline.http_api.access import Caller
from twizzit_pipeline.http_api.problems import Problem
from twizzit_pipeline.http_api.service import Service
from twizzit_pipeline.queries import registered
from twizzit_pipeline.queries.registrations import Registered
from twizzit_pipeline.queries.rosters import Roster


async def with_names(here: Service, caller: Caller, roster: Roster) -> Registered:
    """All people of a team. Twizzit is asked for names that it alone has; where it cannot be, the answer says why."""
    members: list[LiveMember] = []
    missing = None
    if registered.needs_names(roster):
        try:
            await here.count(here.live_calls, caller)
            members = list(
                await here.beside(lambda: registered.asked(roster, here.live.members), of=roster.team.credential_id)
            )
        except TwizzitPipelineError as error:
            missing = " ".join(str(error).split())
        except Problem as problem:  # too many live questions of this token: the answer comes all the same
            missing = str(problem.body.get("message", problem.body["error"]))
    return registered.answer(roster, members, missing)
