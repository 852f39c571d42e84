"""The operator is registered and does not answer: gone, killed, or stopped in its tracks."""

from collections.abc import Callable, Iterator

import pytest

from tests.cluster.pods import Village, configuration
from tests.cluster.stage import Stage
from tests.cluster.webhook_metrics import long_waits


@pytest.fixture
def village(spare_stage: Stage) -> Iterator[Village]:
    """A namespace of which the API server asks an operator that may come to harm."""
    made = Village(spare_stage, "shop")
    made.serve_expired()
    yield made
    _recover(spare_stage)


def _recover(stage: Stage) -> None:
    if stage.operator.process.exit_code is None:
        stage.operator.process.resume()
    else:
        stage.operator.start()


def _stop(stage: Stage) -> None:
    assert stage.operator.stop() == 0


def _kill(stage: Stage) -> None:
    stage.operator.kill()


def _pause(stage: Stage) -> None:
    stage.operator.process.pause()


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(_stop, id="stopped"),
        pytest.param(_kill, id="killed"),
        pytest.param(_pause, id="paused"),
    ],
)
def test_pods_are_created_without_the_operator(
    village: Village, harm: Callable[[Stage], None]
) -> None:
    """And once it is back, pods are served again."""
    stage, (shop,) = village.stage, village.namespaces
    waits = long_waits(stage.site.control_plane)
    harm(stage)

    answers = [village.create(shop) for _ in range(2)]

    assert configuration(stage) is not None  # it was not saved by being forgotten
    assert {answer.status for answer in answers} == {201}
    assert long_waits(stage.site.control_plane) == waits
    assert not village.pulls(shop)
    _recover(stage)
    stage.until(
        "pods are served", lambda: not village.create(shop).warnings and village.pulls(shop)
    )
