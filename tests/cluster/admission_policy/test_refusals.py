"""What the operator's ServiceAccount may do with Secrets, tried with its own token.

No operator has a hand in it: the Secrets are of names and a credential that ask for nothing.
"""

from typing import Any

import pytest

from ecr_secrets.core.content import (
    DATA_KEY,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    OVERRULES,
    SECRET_TYPE,
)
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.spec import API_VERSION, KIND
from ecr_secrets.webhook.ca_secret import DATA_KEY as RECORD_KEY
from manifests.install import CONFINED, NAME
from testbed.control_plane import ControlPlane
from testbed.operator import NAMESPACE
from tests.cluster.admission_policy.patches import (
    annotated,
    config,
    encoded,
    merged,
    of_type,
    owned,
)
from tests.cluster.admission_policy.ward import Account, Ward
from tests.cluster.api import Object
from tests.core.builders import HOUR, NOON, a_content, a_token

RECORD = ObjectKey(NAMESPACE, CONFINED.record)
OURS = {MANAGED_BY_LABEL: MANAGED_BY}
OWNER = {"apiVersion": API_VERSION, "kind": KIND, "name": "x", "uid": "u"}
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "u"}


TOKEN_ANNOTATION = {"metadata": {"annotations": {"kubernetes.io/service-account.name": "default"}}}
DOCKER_CFG = {
    "type": "kubernetes.io/dockercfg",
    "data": {DATA_KEY: None, ".dockercfg": encoded("{}")},
}
NOT_OURS = {"metadata": {"labels": {MANAGED_BY_LABEL: "Helm"}}}

CREATIONS = [
    pytest.param(of_type("Opaque", password="x"), "rule type", id="opaque"),
    pytest.param({"type": "Opaque"}, "rule type", id="opaque-with-a-config"),
    pytest.param(
        of_type("kubernetes.io/tls", **{"tls.crt": "x", "tls.key": "x"}), "rule type", id="tls"
    ),
    pytest.param(
        of_type("kubernetes.io/service-account-token") | TOKEN_ANNOTATION, "rule type", id="token"
    ),
    pytest.param(
        of_type("bootstrap.kubernetes.io/token", **{"token-id": "x"}), "rule type", id="bootstrap"
    ),
    pytest.param(of_type("kubernetes.io/basic-auth", username="x"), "rule type", id="basic-auth"),
    pytest.param(DOCKER_CFG, "rule type", id="dockercfg"),
    pytest.param({"metadata": {"labels": None}}, "rule marked", id="no-label"),
    pytest.param(NOT_OURS, "rule marked", id="label-of-another"),
    pytest.param(owned(), "rule marked", id="no-owner"),
    pytest.param(owned(CONFIG_MAP), "rule marked", id="owner-of-another-kind"),
    pytest.param(
        owned(OWNER | {"apiVersion": "example.com/v1"}), "rule marked", id="namesake-of-it"
    ),
    pytest.param(
        owned(OWNER | {"apiVersion": "aws.zakariaamine.com/v9"}),
        "rule marked",
        id="unknown-version",
    ),
    pytest.param(
        owned(OWNER, CONFIG_MAP | {"uid": "another"}),
        "rule owners",
        id="second-owner-of-another-kind",
    ),
    pytest.param({"immutable": True}, "rule changeable", id="immutable"),
    pytest.param(
        {"metadata": {"finalizers": ["example.com/x"]}}, "rule changeable", id="finalizer"
    ),
    pytest.param(config("{}"), "rule content", id="empty"),
    pytest.param(config('{"auths":{}}'), "rule content", id="no-registry"),
    pytest.param(
        config('{"auths":{"registry.example.com":{}}}'), "rule content", id="entry-without-content"
    ),
    pytest.param(config('{"auths":null}'), "rule content", id="auths-null"),
    pytest.param(config('{"credsStore":"x"}'), "rule content", id="other-content"),
    pytest.param(
        config('{"x":{"auths":{"a":{"auth":"b"}}}}'), "rule content", id="auths-further-down"
    ),
    pytest.param({"data": {DATA_KEY: None}}, "Required value", id="no-config"),
    pytest.param(config("nonsense"), "secret contents redacted", id="no-json"),
    pytest.param({"data": {DATA_KEY: "?"}}, "illegal base64", id="no-base64"),
    pytest.param({"data": {"password": encoded("x")}}, "rule data", id="another-key"),
    pytest.param(annotated(expiry=None), "rule dated", id="no-expiry"),
    pytest.param(annotated(expiry="tomorrow"), "rule dated", id="expiry-that-is-none"),
    pytest.param(annotated(source=None), "rule dated", id="no-source"),
    pytest.param(annotated(digest=None), "rule dated", id="no-digest"),
    pytest.param(annotated(registries=None), "rule dated", id="no-registries"),
    pytest.param(annotated(registries="a,b"), "rule dated", id="registries-without-expiry"),
]


@pytest.mark.parametrize("verb", ["create", "apply"])
@pytest.mark.parametrize(("change", "words"), CREATIONS)
def test_only_pull_secrets_of_ours_are_created(
    ward: Ward, key: ObjectKey, verb: str, change: Object, words: str
) -> None:
    """Whatever else, by whichever verb, is refused and says which rule."""
    manifest = merged(ward.manifest(key, a_content()), change)
    if verb == "create":
        del manifest["metadata"]["resourceVersion"]

    answer = ward.operator.ask(verb, key, manifest)

    assert answer.status in {400, 422, 500}  # 500: what an apply of nonsense gets
    assert words in answer.words
    assert ward.find(key) is None


FOREIGN = [
    pytest.param({"type": "Opaque"}, id="opaque"),
    pytest.param({"type": SECRET_TYPE} | config("{}"), id="pull-secret"),
    pytest.param({"type": SECRET_TYPE} | merged(config("{}"), NOT_OURS), id="labelled-by-another"),
    pytest.param(
        {"type": SECRET_TYPE}
        | merged(config("{}"), owned(OWNER | {"apiVersion": "example.com/v1"})),
        id="of-a-namesake",
    ),
    pytest.param({"type": "Opaque", "immutable": True}, id="immutable"),
]
TOUCH: Object = {"metadata": {"annotations": {"touched": "yes"}}}


@pytest.mark.parametrize("verb", ["apply", "force", "merge", "strategic", "json", "delete"])
@pytest.mark.parametrize("foreign", FOREIGN)
def test_a_secret_of_somebody_else_is_neither_changed_nor_deleted(
    ward: Ward, key: ObjectKey, verb: str, foreign: Object
) -> None:
    """By no verb, and be it an annotation."""
    before = ward.stand(key, foreign)
    identity: Object = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": key.name}}
    patch = [{"op": "add", "path": "/metadata/annotations", "value": {"touched": "yes"}}]
    bodies: Object = {"apply": merged(identity, TOUCH), "delete": None, "json": patch}
    bodies["force"] = bodies["apply"]

    answer = ward.operator.ask(verb, key, bodies.get(verb, TOUCH))

    assert answer.status == 422
    assert "rule foreign" in answer.words
    assert ward.find(key) == before


def test_a_pull_secret_of_somebody_else_is_not_taken_by_marking_it(
    ward: Ward, key: ObjectKey
) -> None:
    """Label and owner have to be there before, not only after."""
    before = ward.stand(key, {"type": SECRET_TYPE} | config("{}"))

    answer = ward.operator.ask("force", key, ward.manifest(key, a_content(), over=before))

    assert "rule foreign" in answer.words
    assert ward.find(key) == before


LATER = a_content(a_token(issued_at=NOON + HOUR))
EARLIER = a_content(a_token(issued_at=NOON - HOUR))
OLD_TOKEN = {"metadata": {"annotations": EARLIER.annotations()}, "data": EARLIER.data()}
CHANGES = [
    pytest.param({"metadata": {"labels": {MANAGED_BY_LABEL: None}}}, "rule marked", id="no-label"),
    pytest.param(NOT_OURS, "rule marked", id="label-of-another"),
    pytest.param(owned(), "rule marked", id="no-owner"),
    pytest.param(owned(CONFIG_MAP), "rule marked", id="owner-of-another-kind"),
    pytest.param(owned(OWNER), "rule owners", id="another-credential"),
    pytest.param({"immutable": True}, "rule changeable", id="immutable"),
    pytest.param(
        {"metadata": {"finalizers": ["example.com/x"]}}, "rule changeable", id="finalizer"
    ),
    pytest.param(config("{}"), "rule content", id="empty"),
    pytest.param(config('{"auths":{}}'), "rule content", id="no-registry"),
    pytest.param({"data": {"password": encoded("x")}}, "rule data", id="another-key"),
    pytest.param({"type": "Opaque"}, "field is immutable", id="another-type"),
    pytest.param(annotated(expiry=None), "rule dated", id="no-expiry"),
    pytest.param(annotated(digest=None), "rule dated", id="no-digest"),
    pytest.param(OLD_TOKEN, "rule order", id="older-token"),
    pytest.param(
        merged(OLD_TOKEN, {"metadata": {"annotations": {OVERRULES: "1"}}}),
        "rule order",
        id="older-token-over-another-state",
    ),
]


@pytest.mark.parametrize("verb", ["merge", "strategic", "json"])
@pytest.mark.parametrize(("change", "words"), CHANGES)
def test_a_pull_secret_of_ours_stays_one(
    ward: Ward, key: ObjectKey, verb: str, change: Object, words: str
) -> None:
    """It keeps mark, owner, shape and the better token."""
    before = ward.serve(key, a_content())
    body: Any = change
    if verb == "strategic" and "ownerReferences" in change.get("metadata", {}):
        references = change["metadata"]["ownerReferences"]
        body = {"metadata": {"ownerReferences": [{"$patch": "replace"}, *references]}}
    if verb == "json":
        after = merged(before, change)
        body = [{"op": "replace", "path": "", "value": after}]

    answer = ward.operator.ask(verb, key, body)

    assert answer.status == 422
    assert words in answer.words
    assert ward.find(key) == before


def test_what_others_have_put_into_a_pull_secret_is_theirs(ward: Ward, key: ObjectKey) -> None:
    """The operator writes beside it, and may not write to it."""
    ward.serve(key, a_content())
    ward.api.merge("Secret", key.name, {"data": {"theirs": "eA=="}}, namespace=key.namespace)

    answer = ward.operator.ask("merge", key, {"data": {"theirs": "eQ=="}})

    assert "rule data" in answer.words


RECORD_MANIFEST: Object = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": RECORD.name, "labels": OURS},
    "type": "Opaque",
    "data": {RECORD_KEY: encoded("{}")},
}
RECORDS = [
    pytest.param({"type": SECRET_TYPE} | config("{}"), "rule type", id="pull-secret"),
    pytest.param(
        of_type("kubernetes.io/service-account-token") | TOKEN_ANNOTATION, "rule type", id="token"
    ),
    pytest.param({"data": {"password": encoded("x")}}, "rule data", id="another-key"),
    pytest.param({"data": None}, "rule data", id="no-data"),
    pytest.param({"metadata": {"labels": None}}, "rule marked", id="no-label"),
    pytest.param(owned(OWNER), "rule owners", id="owned-by-a-credential"),
    pytest.param({"immutable": True}, "rule changeable", id="immutable"),
]


@pytest.mark.parametrize(("change", "words"), RECORDS)
def test_the_webhooks_secret_holds_its_record_and_nothing_else(
    ward: Ward, change: Object, words: str
) -> None:
    """Its name in the operator's namespace opens no door."""
    manifest = merged(RECORD_MANIFEST, change)

    # Asked before the API server looks whether there is one already.
    answer = ward.operator.ask("create", RECORD, manifest, dry_run=True)

    assert words in answer.words


def test_the_name_of_the_webhooks_secret_means_nothing_elsewhere(ward: Ward) -> None:
    """In other namespaces it is a pull secret or nothing."""
    answer = ward.operator.ask("force", RECORD._replace(namespace=ward.namespace), RECORD_MANIFEST)

    assert "rule type" in answer.words


def test_nobody_else_is_concerned(ward: Ward, control_plane: ControlPlane, key: ObjectKey) -> None:
    """The administrator and other accounts do as they may: also one of the operator's name."""
    namespace = ward.namespace
    metadata = {"name": NAME, "namespace": namespace}
    ward.api.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
    control_plane.kubectl(
        *("create", "rolebinding", "editors", "--clusterrole=edit", f"--namespace={namespace}"),
        f"--serviceaccount={namespace}:{NAME}",
    )
    other = Account(control_plane, control_plane.token_for(namespace, NAME))
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": key.name}}

    ward.api.create(secret | {"metadata": {"name": key.name, "namespace": namespace}})
    answers = [
        other.ask("merge", key, {"data": {"password": encoded("x")}}),
        other.ask("delete", key),
        other.ask("create", key, secret | {"immutable": True}),
    ]

    assert [answer.status for answer in answers] == [200, 200, 201]
