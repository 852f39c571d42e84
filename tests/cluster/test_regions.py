"""One secret opens registries of several regions and accounts."""

from testbed.aws import faults
from testbed.aws.hosts import registry_host
from testbed.aws.iam import ACCOUNT
from tests.cluster.stage import HEALED, HOST, Stage

FAR = "us-east-1"
PARTNER, SISTER = "444455556666", "777788889999"
FAR_HOSTS = [registry_host(account, FAR) for account in (PARTNER, SISTER)]
REGISTRIES = [{"region": "eu-west-1"}, {"region": FAR, "accountIds": [PARTNER, SISTER]}]


def test_all_hosts_are_in_one_secret_for_one_token_per_region(stage: Stage) -> None:
    """The own account where none is named; elsewhere every account with the region's token."""
    _share(stage)
    shop, blog = stage.make_namespaces("shop", "blog")

    name = stage.serve(shop, blog, registries=REGISTRIES)

    for host in (HOST, *FAR_HOSTS):
        assert stage.pulls(shop, host=host)
        assert stage.pulls(blog, host=host)
    assert stage.aws.calls(stage.key, region="eu-west-1") == 1
    assert stage.aws.calls(stage.key, region=FAR) == 1
    status = stage.status(name)
    assert status["regions"] == "eu-west-1,us-east-1"
    assert [entry["host"] for entry in status["registries"]] == sorted([HOST, *FAR_HOSTS])


def test_a_region_that_fails_takes_no_other_along(stage: Stage) -> None:
    """The other one is served; the secret lacks this one until it is back."""
    _share(stage)
    shop = stage.make_namespace("shop")
    stage.aws.misbehave(faults.ACCESS_DENIED, stage.key, region=FAR)
    stage.set_aws_access()

    name = stage.set_credential([shop], registries=REGISTRIES)

    stage.until("the good region is served", lambda: stage.pulls(shop))
    denied = ("False", "AccessDenied")
    stage.until("the bad one is reported", lambda: stage.condition(name) == denied)
    assert FAR in str(stage.status(name)["conditions"])
    assert not stage.pulls(shop, host=FAR_HOSTS[0])
    uid = stage.secret(shop).uid
    stage.aws.behave()
    stage.until("both are served", lambda: stage.pulls(shop, host=FAR_HOSTS[0]), HEALED)
    stage.until("all is well", lambda: stage.is_ready(name))
    assert stage.pulls(shop)
    assert stage.secret(shop).uid == uid
    assert stage.aws.calls(stage.key, region="eu-west-1") == 1


def test_a_region_that_is_added_and_fails_costs_no_good_one(stage: Stage) -> None:
    """What opened before still opens."""
    shop = stage.make_namespace("shop")
    name = stage.serve(shop)
    stage.aws.misbehave(faults.SERVER_ERROR, stage.key, region=FAR)

    stage.set_credential([shop], registries=REGISTRIES)

    away = ("True", "AwsUnavailable")
    stage.until("it is reported", lambda: stage.condition(name, "Degraded") == away)
    assert stage.pulls(shop)


def test_a_region_that_is_taken_out_is_closed(stage: Stage) -> None:
    """The secret holds what the object asks for, and nothing more."""
    _share(stage)
    shop = stage.make_namespace("shop")
    name = stage.serve(shop, registries=REGISTRIES)
    assert stage.pulls(shop, host=FAR_HOSTS[0])

    stage.set_credential([shop], registries=REGISTRIES[:1])

    stage.until("it is closed", lambda: not stage.pulls(shop, host=FAR_HOSTS[0]))
    stage.until("all is well", lambda: stage.is_ready(name))
    assert stage.pulls(shop)


def _share(stage: Stage) -> None:
    for account in (PARTNER, SISTER):
        stage.aws.ask(lambda aws, account=account: aws.share(account, reader=ACCOUNT))  # type: ignore[misc]
