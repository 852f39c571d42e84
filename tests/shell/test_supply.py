"""Tokens become content, and what fails is part of the answer."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest

from ecr_secrets.controller.harvest import Harvester
from ecr_secrets.controller.supply import Supplier, Supply
from ecr_secrets.core.access_secret import AccessSecret
from ecr_secrets.core.credential import RegistryRequest
from ecr_secrets.core.identity import Identity
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.source import Source
from ecr_secrets.core.token import RegistryToken
from ecr_secrets.errors import (
    AccessDeniedError,
    AwsAccessNotFoundError,
    InvalidSpecError,
    OperatorError,
)
from tests.core.builders import HOUR, IRELAND, NOON, VIRGINIA, a_credential, a_token
from tests.fakes.virtual_time import run_in_virtual_time

DENIED = AccessDeniedError("AccessDeniedException: allow ecr:GetAuthorizationToken")
ACCESS = ObjectKey("default", "aws-access")


class FakeAws:
    """AWS with a token or an error per region; every call yields."""

    def __init__(self, **regions: RegistryToken | OperatorError) -> None:
        self.regions = {name.replace("_", "-"): answer for name, answer in regions.items()}
        self.calls: list[str] = []
        self.hangs: dict[str, asyncio.Event] = {}  # by region: until when
        self.memory: dict[str, RegistryToken] = {}
        self.retained: list[frozenset[Identity]] = []

    async def token(self, identity: Identity, region: str) -> RegistryToken:
        self.calls.append(region)
        await asyncio.sleep(0)
        if region in self.hangs:
            await self.hangs[region].wait()
        answer = self.regions[region]
        if isinstance(answer, OperatorError):
            raise answer
        self.memory[region] = answer
        return answer

    def last_good(self, identity: Identity, region: str) -> RegistryToken | None:
        return self.memory.get(region)

    def retry_at(self, identity: Identity, region: str) -> datetime | None:
        return NOON + HOUR

    async def ambient_region(self) -> str | None:
        await asyncio.sleep(0)
        return IRELAND

    def retain(self, identities: Collection[Identity]) -> None:
        self.retained.append(frozenset(identities))


def _source(*regions: str, accounts: tuple[str, ...] = ()) -> Source:
    requests = tuple(RegistryRequest(region=region, account_ids=accounts) for region in regions)
    return Source(identity=Identity(), registries=requests)


def _access(key_id: str) -> AccessSecret:
    data = {
        "AWS_ACCESS_KEY_ID": key_id.encode(),
        "AWS_SECRET_ACCESS_KEY": b"k" * 40,
        "AWS_REGION": IRELAND.encode(),
    }
    return AccessSecret(ACCESS, data)


def _supplier(aws: FakeAws, again: list[str] | None = None) -> Supplier:
    told = again if again is not None else []
    harvester = Harvester(aws, patience=timedelta(seconds=1), look_again=told.append)
    return Supplier(aws, harvester)


@asynccontextmanager
async def _supplying(aws: FakeAws, again: list[str] | None = None) -> AsyncIterator[Supplier]:
    """Have the questions owned by somebody, as in the operator."""
    supplier = _supplier(aws, again)
    work = asyncio.create_task(supplier.harvester.run())
    await asyncio.sleep(0)
    yield supplier
    work.cancel()


async def test_one_token_per_region_makes_one_content() -> None:
    """All hosts in one secret, one call per region."""
    aws = FakeAws(eu_west_1=a_token(IRELAND), us_east_1=a_token(VIRGINIA))

    async with _supplying(aws) as supplier:
        supply = await supplier.supply("shop-ecr", _source(IRELAND, VIRGINIA))

    assert supply.content
    assert [entry.host for entry in supply.content.registries] == [
        a_token(IRELAND).host,
        a_token(VIRGINIA).host,
    ]
    assert sorted(aws.calls) == [IRELAND, VIRGINIA]
    assert supply.errors == {}


async def test_a_region_that_fails_stops_no_other() -> None:
    """The content lacks it, and says so."""
    aws = FakeAws(eu_west_1=a_token(IRELAND), us_east_1=DENIED)

    async with _supplying(aws) as supplier:
        supply = await supplier.supply("shop-ecr", _source(IRELAND, VIRGINIA))

    assert supply.content
    assert [entry.host for entry in supply.content.registries] == [a_token(IRELAND).host]
    assert supply.without == {VIRGINIA}
    assert supply.errors == {VIRGINIA: DENIED}
    assert supply.retry_at == NOON + HOUR


async def test_a_stale_token_stands_in_for_one_that_cannot_be_had() -> None:
    """The last good one is used until it expires."""
    aws = FakeAws(eu_west_1=DENIED)
    aws.memory[IRELAND] = a_token(IRELAND)

    async with _supplying(aws) as supplier:
        supply = await supplier.supply("shop-ecr", _source(IRELAND))

    assert supply.content
    assert supply.without == frozenset()
    assert supply.errors == {IRELAND: DENIED}


async def test_without_any_token_there_is_nothing_to_write() -> None:
    """What stands stays."""
    async with _supplying(FakeAws(eu_west_1=DENIED)) as supplier:
        supply = await supplier.supply("shop-ecr", _source(IRELAND))

    assert supply.content is None


def test_a_region_that_hangs_holds_up_no_look() -> None:
    """The other region is served after a moment, and a look follows when the answer is there."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        again: list[str] = []
        aws = FakeAws(eu_west_1=a_token(IRELAND), us_east_1=a_token(VIRGINIA))
        aws.hangs[VIRGINIA] = asyncio.Event()
        async with _supplying(aws, again) as supplier:
            supply = await supplier.supply("shop-ecr", _source(IRELAND, VIRGINIA))
            assert supply.content
            assert supply.without == {VIRGINIA}
            assert (supply.errors, again, loop.time()) == ({}, [], 1.0)

            aws.hangs[VIRGINIA].set()
            await asyncio.sleep(1)
            assert again == ["shop-ecr"]

    run_in_virtual_time(scenario())


def test_hanging_credentials_leave_the_workers_to_the_others() -> None:
    """Twelve of them and four workers: each is left after a second, whatever AWS does."""

    async def scenario() -> float:
        aws = FakeAws(eu_west_1=a_token(IRELAND), us_east_1=a_token(VIRGINIA))
        aws.hangs[VIRGINIA] = asyncio.Event()
        async with _supplying(aws) as supplier:
            for number in range(12):
                await supplier.supply(f"hangs-{number}", _source(VIRGINIA))
            await supplier.supply("good", _source(IRELAND))
            return asyncio.get_running_loop().time()

    assert run_in_virtual_time(scenario()) == 12.0


async def test_a_bug_reaches_the_worker() -> None:
    """It is not taken for a failure of AWS."""
    async with _supplying(FakeAws()) as supplier:
        with pytest.raises(KeyError):
            await supplier.supply("shop-ecr", _source(IRELAND))


async def test_more_registries_than_a_secret_holds_are_named_as_such() -> None:
    """The field and the remedy, instead of the API server's refusal."""
    aws = FakeAws(eu_west_1=a_token(IRELAND, password="p" * 40_000))
    accounts = tuple(f"{number:012}" for number in range(50))

    async with _supplying(aws) as supplier:
        supply = await supplier.supply("shop-ecr", _source(IRELAND, accounts=accounts))

    assert supply.content is None
    assert isinstance(supply.problem, InvalidSpecError)
    assert supply.problem.path == "spec.registries"


@pytest.mark.parametrize(
    ("remembered", "there"),
    [
        pytest.param([], False, id="nothing"),
        pytest.param([IRELAND], False, id="one-of-two"),
        pytest.param([IRELAND, VIRGINIA], True, id="all"),
    ],
)
def test_what_is_at_hand_costs_no_call(remembered: list[str], there: bool) -> None:
    """After a restart nothing is asked just to compare."""
    aws = FakeAws()
    aws.memory = {region: a_token(region) for region in remembered}

    supply = _supplier(aws).at_hand(_source(IRELAND, VIRGINIA))

    assert (supply.content is not None) == there
    assert supply == Supply(content=supply.content)
    assert aws.calls == []


async def test_a_changed_key_drops_the_old_identity_at_once() -> None:
    """Its tokens are not kept for anybody."""
    aws = FakeAws()
    supplier = _supplier(aws)
    credential = a_credential("shop")

    old = await supplier.find_source(credential, _access("AKIAOLDOLDOLDOLDOLD1"))
    new = await supplier.find_source(credential, _access("AKIANEWNEWNEWNEWNEW2"))

    assert aws.retained == [{old.identity}, {new.identity}]


async def test_an_identity_that_another_credential_uses_is_kept() -> None:
    """Two objects with the same key share its token; one of them going takes nothing away."""
    aws = FakeAws()
    supplier = _supplier(aws)
    access = _access("AKIAOLDOLDOLDOLDOLD1")
    one = await supplier.find_source(a_credential("shop", name="one"), access)
    await supplier.find_source(a_credential("bank", name="two"), access)

    supplier.forget("one")

    assert aws.retained[-1] == {one.identity}


async def test_an_aws_access_that_is_gone_drops_its_identity() -> None:
    """And the error names it."""
    aws = FakeAws()
    supplier = _supplier(aws)
    credential = a_credential("shop")
    await supplier.find_source(credential, _access("AKIAOLDOLDOLDOLDOLD1"))

    with pytest.raises(AwsAccessNotFoundError, match="Secret default/aws-access does not exist"):
        await supplier.find_source(credential, None)

    assert aws.retained[-1] == frozenset()


async def test_the_environments_region_is_asked_for_only_where_it_counts() -> None:
    """An object without awsAccess and registries takes the operator's own region."""
    supplier = _supplier(FakeAws())
    credential = a_credential("shop", awsAccess=...)

    source = await supplier.find_source(credential, None)

    assert source.regions == (IRELAND,)
