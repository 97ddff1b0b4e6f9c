"""What `doctor` says of a broker that is away, and of containers: it asks for them where they would be."""

import pytest

from tests.support.container_api import IMAGE, engine_at_work
from tests.unit.cli.doctor.test_workers import settings
from twizzit_pipeline.cli.doctor.finding import Severity
from twizzit_pipeline.cli.doctor.workers import look_at_workers
from twizzit_pipeline.errors import BrokerUnavailable, ContainersUnavailable


def test_a_broker_that_is_away_is_one_line_without_its_password() -> None:
    with pytest.raises(BrokerUnavailable, match="TWIZZIT_BROKER_URL cannot be reached") as caught:
        list(look_at_workers(settings("celery")))
    assert "hush" not in str(caught.value)


def test_containers_need_their_image(monkeypatch: pytest.MonkeyPatch) -> None:
    with engine_at_work() as (engine, address):
        monkeypatch.setenv("DOCKER_HOST", address)
        (found,) = look_at_workers(settings("docker", run_image=IMAGE))
        assert (found.severity, found.message) == (Severity.OK, f"In docker, from the image {IMAGE}, which is there")
        engine.images.clear()
        (found,) = look_at_workers(settings("docker", run_image=IMAGE))
        assert (found.severity, found.message) == (
            Severity.WARNING,
            f"In docker, where there is no image {IMAGE} yet",
        )
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    with pytest.raises(ContainersUnavailable, match="could not be reached"):
        list(look_at_workers(settings("docker", run_image=IMAGE)))
