"""No operator has said a secret, whatever befell it in the tests of this room.

The name of this file makes it one of the last of its room, so that it hears all that was said.
"""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.aws.iam import ACCOUNT, AccessKey
from tests.cluster.aws_thread import AwsThread
from tests.cluster.canaries import (
    SHAPES,
    note_cluster,
    note_operator,
    texts_so_far,
    where_said,
    where_secrets_are_said,
)
from tests.cluster.replicas.reviews import ANSWERS
from tests.cluster.stage import Site

_KEY = AccessKey(
    access_key_id="AKIAIOSFODNN7EXAMPLE",  # both AWS' own examples
    secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    account=ACCOUNT,
)


def _texts(kept_logs: Path, sites: dict[str, Site]) -> dict[str, str]:
    """Collect what was said: by whom that has ended, by whom still runs, and in the clusters."""
    for name, site in sites.items():
        note_operator(name, site.operator)
        note_cluster(name, site.control_plane)
    logs = {f"{name}: log": site.operator.log_text() for name, site in sites.items()}
    answers = {"answers to reviews": "\n".join(ANSWERS)}
    return texts_so_far(kept_logs) | logs | answers


def test_nobody_has_said_a_secret(kept_logs: Path, site: Site, spare_site: Site) -> None:
    """Logs of all processes of the session, Events, status, metrics, answers about pods."""
    for each in (site, spare_site):
        if each.operator.process.exit_code is not None:  # a test that failed left it so
            each.operator.start()
        each.aws.note_keys()

    texts = _texts(kept_logs, {"site": site, "spare site": spare_site})

    assert texts["site: log"]
    assert texts["spare site: log"]
    assert AwsThread.noted
    assert where_secrets_are_said(AwsThread.noted, texts) == []


def _all_forms() -> Iterator[object]:
    words = {**SHAPES, "id": _KEY.access_key_id, "secret": _KEY.secret_access_key}
    for name, word in words.items():
        yield pytest.param(word, id=f"{name}-plain")
        for before in ("", "x", "xx"):
            encoded = b64encode(f"{before}{word}...".encode()).decode()
            yield pytest.param(encoded, id=f"{name}-in-base64-{len(before)}")


@pytest.mark.parametrize("said", list(_all_forms()))
def test_the_search_hears_every_form(said: str) -> None:
    """A word that is not found is found nowhere: it is tried on what does say it."""
    texts = {"quiet": "nothing at all", "loud": f'{{"message": "x {said}"}}'}

    assert where_secrets_are_said([_KEY], texts) == ["loud"]
    assert where_said(["nothing"], texts) == ["quiet"]
