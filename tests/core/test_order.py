"""In which order a plan is carried out."""

from itertools import permutations

from ecr_secrets.core.actions import Action, Delete, Keep, Need, Refuse, Starve, Write
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.order import ordered_jobs
from tests.core.builders import HOUR, NOON, a_content, a_pull_secret, a_token


def a_write(namespace: str, because: Need = "Stale", *, hours_left: int | None = 6) -> Write:
    """Build a write over what expires in a while; None: over nothing."""
    if hours_left is None:
        return Write(ObjectKey(namespace, "ecr-login"), because, None)
    content = a_content(a_token(life=hours_left * HOUR))
    return Write(ObjectKey(namespace, "ecr-login"), because, a_pull_secret(namespace, content))


def a_delete(namespace: str) -> Delete:
    """Build a deletion."""
    return Delete(ObjectKey(namespace, "old"), a_pull_secret(namespace, name="old"))


def order(*actions: Action, first: tuple[str, ...] = ()) -> list[str]:
    """Name the namespaces in the order of their jobs."""
    urgent = {action.target for action in actions if action.target.namespace in first}
    return [job.target.namespace for job in ordered_jobs(actions, first=urgent, now=NOON)]


def test_what_no_pod_can_pull_with_comes_first() -> None:
    """A missing pull secret stops pods now, a stale one in hours, an outdated one never."""
    wanted = [
        a_write("1", "Missing", hours_left=None),
        a_write("2", "Edited"),
        a_write("3", "Expired", hours_left=-1),
        a_write("4", "TakenOver"),
        a_write("5", "Incomplete"),
        a_write("6", "SourceChanged"),
        a_write("7", "Stale"),
        a_write("8", "Outdated"),
    ]

    assert order(*reversed(wanted)) == list("12345678")


def test_what_expires_soonest_comes_first() -> None:
    """When AWS was away for long, those with the least time left are served first."""
    jobs = [a_write("later", hours_left=3), a_write("soon", hours_left=1), a_write("last")]

    assert order(*jobs) == ["soon", "later", "last"]


def test_what_changed_a_moment_ago_overtakes_a_rollout() -> None:
    """Somebody is waiting for it, while nobody waits for the rest."""
    jobs = [a_write("a", "Missing", hours_left=None), a_write("b"), a_write("c", "Outdated")]

    assert order(*jobs, first=("c",)) == ["c", "a", "b"]
    assert order(*jobs, first=("c", "b")) == ["b", "c", "a"]


def test_deletions_come_last() -> None:
    """No pod waits for a deletion, also where something changed a moment ago."""
    jobs: list[Action] = [a_delete("a"), a_write("b", "Outdated"), a_delete("c")]

    assert order(*jobs) == ["b", "a", "c"]
    assert order(*jobs, first=("c",)) == ["b", "c", "a"]


def test_only_what_is_to_be_done_is_a_job() -> None:
    """Targets that are kept, refused or starved cost nothing."""
    found = a_pull_secret("a")

    assert order(
        Keep(found.key, found),
        Refuse(found.key, "ForeignSecret", found),
        Starve(found.key, found),
        a_write("b"),
    ) == ["b"]


def test_the_order_is_always_the_same() -> None:
    """Equal jobs go by name, in whatever order they were found."""
    jobs: list[Action] = [
        a_write("a"),
        a_write("b"),
        a_delete("c"),
        a_write("d", "Missing", hours_left=None),
    ]

    assert {tuple(order(*some)) for some in permutations(jobs)} == {("d", "a", "b", "c")}
