"""A token is never replaced by an older one of its source, whoever asks for it and why."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from ecr_secrets.controller.contests import Contests
from ecr_secrets.controller.retries import Retries
from ecr_secrets.controller.secret_writer import SecretWriter
from ecr_secrets.core.actions import Keep, Write
from ecr_secrets.core.content import OVERRULES, Content, render_content
from ecr_secrets.core.credential import RegistryRequest
from ecr_secrets.core.fence import MAX_ENTRIES, latest_expiry
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.pull_secret import PullSecret, parse_pull_secret
from ecr_secrets.core.times import format_time
from ecr_secrets.errors import RejectedError
from ecr_secrets.kube.access import load_access
from ecr_secrets.kube.client import Client
from testbed.control_plane import ControlPlane
from testbed.operator import NAMESPACE, SERVICE_ACCOUNT
from tests.cluster.admission_policy.decisions import carry_out, write_over
from tests.cluster.admission_policy.patches import annotated
from tests.cluster.admission_policy.ward import Ward
from tests.core.builders import HOUR, LIFE, NOON, SOURCE, a_content, a_token

FIRST = a_content()  # of noon
FORGED = f"{FIRST.registries[0].host}=2999-01-01T00:00:00Z"
LATER, EARLIER = (a_content(a_token(issued_at=NOON + hours * HOUR)) for hours in (7, -1))


@pytest.fixture
async def client(control_plane: ControlPlane) -> AsyncIterator[Client]:
    """Enter as the operator."""
    kubeconfig = str(control_plane.kubeconfig_for(NAMESPACE, SERVICE_ACCOUNT))
    access = await load_access(kubeconfig=kubeconfig, context=None, environ={})
    async with Client(access) as opened:
        yield opened


class Unwatched:
    """A view that nothing is told to."""

    def note(self, secret: PullSecret) -> None:
        pass

    def is_overtaken(self, key: ObjectKey, found: PullSecret | None) -> bool:
        return False


@pytest.fixture
async def writer(client: Client) -> SecretWriter:
    """The operator's own."""
    clock = asyncio.get_running_loop().time
    retries = Retries(clock=clock, random=lambda: 0.0)
    return SecretWriter(client, Unwatched(), retries, Contests(clock=clock))


async def test_a_writer_with_an_older_token_is_refused_and_gets_over_it(
    ward: Ward, key: ObjectKey, writer: SecretWriter
) -> None:
    """Its guards fitting and all; it says so in the policy's words, until it looks again."""
    before = await asyncio.to_thread(ward.serve, key, FIRST)
    found = parse_pull_secret(msgspec.json.encode(before))
    credential = ward.credential(key)

    with pytest.raises(RejectedError) as refusal:
        await writer.write(Write(key, "Stale", found), EARLIER, credential, touched=False)
    told = writer.trouble(credential, key)
    writer.settled(credential, [Keep(key, found)])

    assert told is refusal.value
    assert told.reason == "Rejected"
    assert str(told).endswith(
        "denied request: rule order: of one source, a token that expires later is never replaced "
        "by one that expires earlier"
    )
    assert writer.trouble(credential, key) is None
    assert ward.find(key) == before


async def test_a_writer_restores_what_was_forged_at_the_first_try(
    ward: Ward, key: ObjectKey, writer: SecretWriter
) -> None:
    """It has seen the forgery, and says so."""
    await asyncio.to_thread(ward.serve, key, FIRST)
    patch = annotated(registries=FORGED)
    forged = ward.api.merge("Secret", key.name, patch, namespace=key.namespace)
    write = write_over(ward, forged, FIRST)

    restored = await writer.write(write, FIRST, ward.credential(key), touched=True)

    assert restored.stamp.intact
    assert restored.stamp.registries == FIRST.registries


def test_a_claim_is_overruled_once_and_not_remembered(ward: Ward, key: ObjectKey) -> None:
    """What a restored pull secret says besides is gone with the next refresh."""
    ward.serve(key, FIRST)
    patch = annotated(registries=FORGED)
    forged = ward.api.merge("Secret", key.name, patch, namespace=key.namespace)

    restored = carry_out(ward, write_over(ward, forged, FIRST), FIRST).body
    refresh = write_over(ward, restored, LATER, now=NOON + 7 * HOUR)
    refreshed = carry_out(ward, refresh, LATER).body

    overrules = {OVERRULES: forged["metadata"]["resourceVersion"]}
    assert restored["metadata"]["annotations"] == FIRST.annotations() | overrules
    assert refreshed["metadata"]["annotations"] == LATER.annotations()


def a_large_content(life: timedelta) -> Content:
    """Build the most registries that a credential may ask for, in nearly as much as a Secret holds.

    Args:
        life: of the tokens.
    """
    regions = [f"eu-west-{number}" for number in range(1, 33)]
    accounts = tuple(str(10**11 + number) for number in range(50))
    tokens = {
        region: replace(a_token(region, life=life), authorization="x" * 580) for region in regions
    }
    asked = [RegistryRequest(region=region, account_ids=accounts) for region in regions]
    content = render_content(asked, tokens, source=SOURCE)
    assert content
    assert len(content.registries) == MAX_ENTRIES
    assert len(content.docker_config) > 1_000_000
    return content


def test_the_largest_pull_secret_costs_no_more_than_the_api_server_grants(
    ward: Ward, key: ObjectKey
) -> None:
    """Expressions have a budget; beyond it, the write would be refused."""
    before = ward.serve(key, a_large_content(LIFE))
    longer, shorter = a_large_content(LIFE + HOUR), a_large_content(LIFE - HOUR)

    refused = ward.operator.ask("force", key, ward.manifest(key, shorter, over=before))
    taken = ward.operator.ask("force", key, ward.manifest(key, longer, over=before))

    assert "rule order" in refused.words
    assert taken.status == 200, taken.words


OLD = FIRST.registries[0].expires_at
TIES = [
    pytest.param([], id="nothing"),
    pytest.param(["a=2026-11-25T00:00:00Z"], id="same"),
    pytest.param(["a=2026-11-24T23:59:59Z"], id="a-second-earlier"),
    pytest.param(["a=2026-11-25T00:00:01Z"], id="a-second-later"),
    pytest.param(["a=2026-11-24T00:00:00Z", "b=2026-11-26T00:00:00Z"], id="one-of-two-later"),
    pytest.param(["a=2026-11-26T00:00:00+00:00"], id="another-form"),
    pytest.param(["a=2999-99-99T99:99:99Z"], id="no-such-day"),
    pytest.param(["a==2999-01-01T00:00:00Z"], id="two-signs"),
    pytest.param(["=2999-01-01T00:00:00Z"], id="no-host"),
    pytest.param([" a=2999-01-01T00:00:00Z "], id="spaces"),
    pytest.param(["a=2999-01-01T00:00:00Z\n"], id="newline-behind"),
    pytest.param(["a\nb=2999-01-01T00:00:00Z"], id="newline-within"),
    pytest.param(["ü=2999-01-01T00:00:00Z"], id="beyond-ascii"),
    pytest.param(["a=\u0662999-01-01T00:00:00Z"], id="digits-beyond-ascii"),
    pytest.param(["a"] * (MAX_ENTRIES - 2) + ["b=2999-01-01T00:00:00Z", "c"], id="last-but-one"),
    pytest.param(["a"] * (MAX_ENTRIES - 1) + ["b=2999-01-01T00:00:00Z"], id="last-that-counts"),
    pytest.param(["a"] * MAX_ENTRIES + ["b=2999-01-01T00:00:00Z"], id="beyond-the-last"),
]


@pytest.mark.parametrize("entries", TIES)
def test_the_api_server_reads_expiries_as_the_operator_does(
    ward: Ward, key: ObjectKey, entries: list[str]
) -> None:
    """Or the operator would not know when to say that a claim is worth nothing."""
    registries = ",".join(entries)
    ward.serve(key, FIRST)
    patch = annotated(registries=registries)
    found = ward.api.merge("Secret", key.name, patch, namespace=key.namespace)

    answer = ward.operator.ask("force", key, ward.manifest(key, FIRST, over=found), dry_run=True)

    goes_back = latest_expiry(registries) > format_time(OLD)
    assert (answer.status, goes_back) in {(200, False), (422, True)}, answer.words
