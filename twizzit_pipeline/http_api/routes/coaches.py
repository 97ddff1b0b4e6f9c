"""Which clubs a coach may see, where ShotSpot's token does not say: for administrators."""

from typing import Annotated

from fastapi import Path

from twizzit_pipeline.credentials import coaches
from twizzit_pipeline.errors import ConfigurationRefused
from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.http_api.auth import CurrentCaller, guarded_router
from twizzit_pipeline.http_api.bodies import CoachChange
from twizzit_pipeline.http_api.problems import invalid_field
from twizzit_pipeline.http_api.routes.documented import answers
from twizzit_pipeline.http_api.service import Here

router = guarded_router("Operations")


UserId = Annotated[
    str, Path(alias="userId", max_length=coaches.LONGEST_ID, description="The claim `userId` of the coach's token")
]


@router.get("/coaches", response_model=schemas.Coaches, responses=answers())
def limited_coaches(here: Here) -> schemas.Coaches:
    """The users that are limited to clubs; all others see every club."""
    return schemas.Coaches(coaches=[schemas.Coach.of(one) for one in coaches.list_all(here.engine)])


@router.get("/coaches/{userId}", response_model=schemas.Coach, responses=answers(400))
def coach(here: Here, user_id: UserId) -> schemas.Coach:
    """What is said of one user; one of whom nothing is said is not limited."""
    return schemas.Coach.of(coaches.read(here.engine, _checked(user_id)))


@router.put("/coaches/{userId}", response_model=schemas.Coach, responses=answers(400, 404))
def limit_coach(here: Here, caller: CurrentCaller, user_id: UserId, body: CoachChange) -> schemas.Coach:
    """Limit a coach to these credentials; they replace those that were set before; `[]` for none at all."""
    user = _checked(user_id)
    return schemas.Coach.of(coaches.limit(here.engine, user, body.credentials, actor=caller.actor))


@router.delete("/coaches/{userId}", response_model=schemas.Coach, responses=answers(400))
def free_coach(here: Here, caller: CurrentCaller, user_id: UserId) -> schemas.Coach:
    """Let a coach see every club again."""
    user = _checked(user_id)
    coaches.free(here.engine, user, actor=caller.actor)
    return schemas.Coach.of(coaches.read(here.engine, user))


def _checked(user_id: str) -> str:
    try:
        return coaches.user_id_of(user_id)
    except ConfigurationRefused as error:
        raise invalid_field("userId", str(error)) from None
