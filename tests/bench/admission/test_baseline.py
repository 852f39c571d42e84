"""The bare webhook admits every pod, counts them, and is registered as the operator's is."""

import ssl
from base64 import b64decode
from dataclasses import dataclass, field
from typing import Any, cast

import aiohttp

from bench.admission.baseline import started
from bench.cluster import Cluster
from ecr_secrets.core.objects import Manifest


@dataclass
class _Cluster:
    """Keeps what is registered."""

    webhooks: dict[str, Manifest] = field(default_factory=dict)

    async def set_webhook(self, configuration: Manifest) -> None:
        self.webhooks[configuration["metadata"]["name"]] = configuration

    async def remove_webhook(self, name: str) -> None:
        del self.webhooks[name]


async def _ask(client_config: dict[str, str], uid: str) -> Any:
    """Ask as an API server would that goes by a webhook configuration."""
    trusted = ssl.create_default_context(cadata=b64decode(client_config["caBundle"]).decode())
    review = {"request": {"uid": uid, "object": {"kind": "Pod"}}}
    async with (
        aiohttp.ClientSession() as session,
        session.post(client_config["url"], json=review, ssl=trusted) as answer,
    ):
        assert answer.status == 200
        return await answer.json()


async def test_a_pod_is_admitted_and_counted() -> None:
    """It is a webhook as the API server sees it, and no more than that."""
    cluster = _Cluster()
    async with started(cast("Cluster", cluster)) as baseline:
        await baseline.register("ecr-login")
        (configuration,) = cluster.webhooks.values()
        (webhook,) = configuration["webhooks"]
        before = await baseline.reviews()

        answers = [await _ask(webhook["clientConfig"], uid) for uid in ("one", "two")]

        assert [answer["response"] for answer in answers] == [
            {"uid": "one", "allowed": True},
            {"uid": "two", "allowed": True},
        ]
        assert {(answer["apiVersion"], answer["kind"]) for answer in answers} == {
            ("admission.k8s.io/v1", "AdmissionReview")
        }
        assert (before, await baseline.reviews()) == (0, 2)


async def test_it_is_asked_about_the_pods_that_name_a_secret_and_goes_again() -> None:
    """The API server has the same conditions to evaluate as for the operator."""
    cluster = _Cluster()
    async with started(cast("Cluster", cluster)) as baseline:
        await baseline.register("ecr-login")
        (configuration,) = cluster.webhooks.values()
        await baseline.unregister()

    conditions = [each["expression"] for each in configuration["webhooks"][0]["matchConditions"]]
    assert any("s.name in ['ecr-login']" in condition for condition in conditions)
    assert not cluster.webhooks
