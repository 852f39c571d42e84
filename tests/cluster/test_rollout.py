"""A rollout to many namespaces holds up nobody, and survives every end of the operator.

The site writes at most 200 Secrets per second, so that a rollout can be caught in the act.
"""

import base64
import random
from collections.abc import Sequence
from functools import partial

from tests.cluster.stage import DATA_KEY, HEALED, HOST, SOON, Stage


def test_a_change_during_a_rollout_does_not_wait_for_its_end(
    spare_stage: Stage, many_namespaces: list[str]
) -> None:
    """A new namespace and a deleted secret are right long before the last of a thousand is."""
    stage, late = spare_stage, spare_stage.name("late")
    stage.set_aws_access()
    name = stage.set_credential([*many_namespaces, late], secretName=stage.prefix)
    stage.until("the rollout is under way", lambda: _ready(stage, name) > 50)
    first = next(each for each in many_namespaces if stage.find_secret(each, stage.prefix))

    stage.make_namespace("late")
    stage.api.delete("Secret", stage.prefix, first)

    stage.until("the new one is served", lambda: stage.pulls(late, name=stage.prefix))
    stage.until("the deleted one is back", lambda: stage.pulls(first, name=stage.prefix))
    progressing = ("False", "Progressing")
    stage.until("only the rollout is left", lambda: stage.condition(name) == progressing)
    assert len(_served(stage)) < len(many_namespaces)
    stage.until("all are served", lambda: stage.is_ready(name), HEALED)
    assert _served(stage) == {*many_namespaces, late}
    assert stage.aws.calls(stage.key) == 1


def test_kill_9_at_any_moment_of_a_rollout_costs_nothing(
    spare_stage: Stage, many_namespaces: list[str]
) -> None:
    """Whatever was written is kept, whatever was not is written; nothing has to be cleaned up."""
    stage, namespaces = spare_stage, many_namespaces[:300]
    chance = random.Random()  # noqa: S311 - where to kill
    moments = sorted(chance.sample(range(10, 290), 3))
    name = _begin(stage, namespaces)

    for moment in moments:
        stage.until(f"{moment} of {moments}", partial(_has_come_to, stage, moment))
        stage.operator.kill()
        stage.operator.start()

    stage.until(f"all are served after {moments}", lambda: stage.is_ready(name), HEALED)
    assert _served(stage) == set(namespaces)
    pulls = {stage.aws.pull(content, HOST) for content in _contents(stage)}
    assert pulls == {200}
    assert stage.aws.calls(stage.key) <= 1 + len(moments)


def test_after_an_interrupted_rollout_all_namespaces_hold_the_same(
    spare_stage: Stage, many_namespaces: list[str]
) -> None:
    """A restart costs a new token; those that have the old one are brought to it as well."""
    stage, namespaces = spare_stage, many_namespaces[:300]
    name = _begin(stage, namespaces)
    stage.until("most have the first token", partial(_has_come_to, stage, 240))

    stage.operator.kill()
    stage.operator.start()

    stage.until("all are served", lambda: stage.is_ready(name), HEALED)
    stage.until("all hold the same", lambda: len(_contents(stage)) == 1, SOON)
    assert stage.aws.calls(stage.key) <= 2


def _begin(stage: Stage, namespaces: Sequence[str]) -> str:
    """Begin a rollout, and return the credential's name when it is under way."""
    stage.set_aws_access()
    name = stage.set_credential(namespaces, secretName=stage.prefix)
    stage.until("the rollout is under way", partial(_has_come_to, stage, 5))
    return name


def _has_come_to(stage: Stage, count: int) -> bool:
    return len(_served(stage)) >= count


def _ready(stage: Stage, name: str) -> int:
    count: int = stage.status(name).get("namespaces", {}).get("ready", 0)
    return count


def _served(stage: Stage) -> set[str]:
    """Name the namespaces that have the test's secret."""
    query = f"?fieldSelector=metadata.name={stage.prefix}"
    return {each["metadata"]["namespace"] for each in stage.api.list("Secrets", query=query)}


def _contents(stage: Stage) -> set[bytes]:
    query = f"?fieldSelector=metadata.name={stage.prefix}"
    found = stage.api.list("Secrets", query=query)
    return {base64.b64decode(each["data"][DATA_KEY]) for each in found}
