"""The AWS key changes: a good one counts at once, a bad one never costs a good secret."""

from collections.abc import Callable

import pytest

from tests.cluster.stage import HOST, Stage


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(
            lambda stage: stage.set_aws_access(AWS_ACCESS_KEY_ID="AKIA" + "Q" * 16),
            "AccessDenied",
            id="unknown-to-aws",
        ),
        pytest.param(
            lambda stage: stage.set_aws_access(stage.aws.new_key(), AWS_SECRET_ACCESS_KEY="A" * 40),
            "AccessDenied",
            id="wrong-secret",
        ),
        pytest.param(
            lambda stage: stage.set_aws_access(AWS_ACCESS_KEY_ID="hello"),
            "InvalidAwsAccess",
            id="not-a-key",
        ),
        pytest.param(
            lambda stage: stage.set_aws_access(AWS_REGION="eu-west-1a"),
            "InvalidAwsAccess",
            id="availability-zone",
        ),
        pytest.param(
            lambda stage: stage.api.delete("Secret", stage.name("aws"), "default"),
            "AwsAccessNotFound",
            id="deleted",
        ),
    ],
)
def test_a_bad_new_key_never_replaces_a_good_secret(
    stage: Stage, spoil: Callable[[Stage], object], reason: str
) -> None:
    """The secret stays, byte for byte; a good new key is used at once, and only once."""
    shop, blog = stage.make_namespaces("shop", "blog")
    name = stage.serve(shop, blog)
    before = stage.secret(shop), stage.secret(blog)

    spoil(stage)

    degraded = ("True", reason)
    stage.until("it says why", lambda: stage.condition(name, "Degraded") == degraded)
    assert stage.condition(name) == ("True", "PullSecretsReady")
    assert (stage.secret(shop), stage.secret(blog)) == before
    good = stage.aws.new_key()
    stage.set_aws_access(good)
    stage.until(
        "the good key is in use",
        lambda: (
            stage.secret(shop).docker_config == stage.secret(blog).docker_config
            and stage.secret(shop).docker_config != before[0].docker_config
        ),
    )
    well = ("False", "AsExpected")
    stage.until("all is well", lambda: stage.condition(name, "Degraded") == well)
    assert stage.pulls(shop)
    assert stage.aws.calls(good) == 1
    assert (stage.secret(shop).uid, stage.secret(blog).uid) == (before[0].uid, before[1].uid)


def test_the_same_keys_written_again_change_nothing(stage: Stage) -> None:
    """Blanks, newlines and an untouched rewrite make no new identity."""
    shop = stage.make_namespace("shop")
    stage.serve(shop)
    before = stage.secret(shop)

    stage.set_aws_access(AWS_ACCESS_KEY_ID=f" {stage.key.access_key_id}\n")
    stage.api.merge(
        "Secret", stage.name("aws"), {"metadata": {"labels": {"a": "b"}}}, namespace="default"
    )
    stage.api.delete("Secret", "ecr-login", shop)

    stage.until("a repair shows that it was seen", lambda: stage.pulls(shop))
    assert stage.secret(shop).docker_config == before.docker_config
    assert stage.aws.calls(stage.key) == 1


def test_two_credentials_with_the_same_key_share_one_call(stage: Stage) -> None:
    """One token serves both, and both secrets hold the same bytes."""
    shop, blog = stage.make_namespaces("shop", "blog")
    stage.set_aws_access()

    names = [stage.set_credential([shop], short="one"), stage.set_credential([blog], short="two")]

    stage.until("both are served", lambda: all(map(stage.is_ready, names)))
    assert stage.secret(shop).docker_config == stage.secret(blog).docker_config
    assert stage.aws.pull(stage.secret(shop).docker_config, HOST) == 200
    assert stage.aws.calls(stage.key) == 1


def test_a_role_is_assumed_with_its_external_id(stage: Stage) -> None:
    """`roleArn` and `externalId` open the registry of the role's account."""
    arn = "arn:aws:iam::444455556666:role/pull"
    stage.aws.ask(lambda aws: aws.add_role(arn, external_id="shared-secret"))
    shop = stage.make_namespace("shop")
    access = {"secretName": stage.name("aws"), "roleArn": arn, "externalId": "shared-secret"}

    name = stage.serve(shop, awsAccess=access)

    host = "444455556666.dkr.ecr.eu-west-1.amazonaws.com"
    assert stage.pulls(shop, host=host)
    assert [registry["host"] for registry in stage.status(name)["registries"]] == [host]
    assert stage.aws.calls(stage.key) == 0
    assert stage.aws.ask(lambda aws: aws.count(principal=arn)) == 1


def test_without_aws_access_the_operators_own_identity_is_missed(stage: Stage) -> None:
    """There is none here, and the object says so, with what would help."""
    shop = stage.make_namespace("shop")

    name = stage.set_credential([shop], awsAccess=None)

    stage.until("it is told", lambda: stage.condition(name)[0] == "False")
    assert stage.condition(name)[1] in {"NoRegion", "NoAwsIdentity"}
    assert stage.find_secret(shop) is None
