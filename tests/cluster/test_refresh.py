"""Tokens are replaced long before they expire, once for all, and nobody notices."""

from datetime import datetime, timedelta
from itertools import pairwise

from tests.cluster.stage import Stage

# Not below twice the pause that the operator keeps between two calls to AWS.
LIFE = timedelta(seconds=10)
REFRESHES = 2
NAMESPACES = ("shop", "blog", "mail")


def test_a_short_lived_token_is_refreshed_from_half_of_its_life(stage: Stage) -> None:
    """Same objects, one call to AWS per refresh, always able to pull, and `Ready` all along."""
    stage.aws.set_token_lifetime(LIFE)
    namespaces = stage.make_namespaces(*NAMESPACES)
    name = stage.serve(*namespaces)
    uids = {namespace: stage.secret(namespace).uid for namespace in namespaces}
    contents: list[tuple[bytes, str, str]] = []

    def look() -> bool:
        for namespace in namespaces:
            secret = stage.secret(namespace)
            assert stage.pulls(namespace)
            assert secret.uid == uids[namespace]
            refreshed_at = secret.annotations["aws.zakariaamine.com/refreshed-at"]
            content = (secret.docker_config, refreshed_at, secret.annotations["expiry"])
            if content not in contents:
                contents.append(content)
        assert stage.condition(name) == ("True", "PullSecretsReady")
        return len(contents) > REFRESHES

    stage.until(f"{REFRESHES} refreshes", look, LIFE * REFRESHES)

    stage.until("all have the last one", lambda: _contents(stage, namespaces) == {contents[-1][0]})
    assert len({content[0] for content in contents}) == REFRESHES + 1
    assert stage.aws.calls(stage.key) == REFRESHES + 1  # and the first one
    for (_, issued, expires), (_, replaced, _) in pairwise(contents):
        assert _instant(issued) + LIFE / 2 <= _instant(replaced) < _instant(expires)
    condition = next(each for each in stage.status(name)["conditions"] if each["type"] == "Ready")
    assert _instant(condition["lastTransitionTime"]) <= _instant(contents[0][1]) + LIFE / 2


def _contents(stage: Stage, namespaces: list[str]) -> set[bytes]:
    return {stage.secret(namespace).docker_config for namespace in namespaces}


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
