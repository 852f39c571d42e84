"""How pods are admitted: at once, or once what they need is refreshed, and always."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from ecr_secrets.core.credential import Credential
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.pull_secret import PullSecret
from ecr_secrets.errors import AccessDeniedError, InvalidReviewError
from ecr_secrets.metrics import REGISTRY
from ecr_secrets.webhook.admit import PodWebhook
from tests.core.builders import (
    IRELAND,
    NOON,
    VIRGINIA,
    a_content,
    a_credential,
    a_pull_secret,
    a_token,
)
from tests.core.reviews import UID, a_body
from tests.fakes.virtual_time import run_in_virtual_time

SHOP = ObjectKey("shop", "ecr-login")
SPARE = ObjectKey("shop", "spare")
MANAGED = {SHOP: a_credential("shop"), SPARE: a_credential("shop", name="spare-ecr")}
EXPIRED = a_pull_secret(content=a_content(a_token(life=timedelta(0))))


@dataclass
class Refreshes:
    """What refreshes do, by credential: an error, a hang, or success after a while."""

    endings: Mapping[str, Exception | float] = field(default_factory=dict)  # seconds, or why not
    asked: list[tuple[str, ObjectKey]] = field(default_factory=list)

    async def refresh_now(self, credential: str, target: ObjectKey) -> None:
        """Do as told; at once unless told otherwise."""
        self.asked.append((credential, target))
        ending = self.endings.get(credential, 0.0)
        await asyncio.sleep(0 if isinstance(ending, Exception) else ending)
        if isinstance(ending, Exception):
            raise ending


def a_webhook(
    refreshes: Refreshes,
    *secrets: PullSecret,
    managed: Callable[[ObjectKey], Credential | None] = MANAGED.get,
) -> PodWebhook:
    """Build a webhook that sees these secrets at noon."""
    found = {secret.key: secret for secret in secrets}
    return PodWebhook(
        managed=managed, found=found.get, refresh_now=refreshes.refresh_now, clock=lambda: NOON
    )


def answer_of(body: bytes) -> dict[str, Any]:
    """Read an answer."""
    return dict(msgspec.json.decode(body)["response"])


def counted(result: str) -> float:
    """Read how often an admission ended so."""
    return REGISTRY.get_sample_value("ecr_secrets_admissions_total", {"result": result}) or 0.0


def without_waiting(admission: Coroutine[Any, Any, bytes]) -> bytes:
    """Run an admission that must not wait for anything."""
    try:
        admission.send(None)
    except StopIteration as end:
        return bytes(end.value)
    raise AssertionError("it waits")


@pytest.mark.parametrize(
    ("body", "secrets", "result"),
    [
        pytest.param(a_body("ecr-login"), [a_pull_secret()], "fresh", id="fresh"),
        pytest.param(a_body("another"), [], "unmanaged", id="no-managed-secret"),
        pytest.param(a_body(), [], "unmanaged", id="no-secret-at-all"),
        pytest.param(a_body("ecr-login", namespace="ops"), [], "unmanaged", id="elsewhere"),
        pytest.param(a_body("ecr-login", dryRun=True), [EXPIRED], "dry_run", id="dry-run-expired"),
        pytest.param(a_body("ecr-login", dryRun=True), [], "dry_run", id="dry-run-missing"),
        pytest.param(
            a_body("ecr-login", dryRun=True), [a_pull_secret()], "fresh", id="dry-run-fresh"
        ),
    ],
)
async def test_the_usual_pod_is_answered_from_memory(
    body: bytes, secrets: list[PullSecret], result: str
) -> None:
    """A pod that needs no refresh, or may have none, waits for nothing and has no effect."""
    refreshes = Refreshes()
    webhook = a_webhook(refreshes, *secrets)
    before = counted(result)

    answer = without_waiting(webhook.admit(body))

    assert answer_of(answer) == {"uid": UID, "allowed": True}
    assert refreshes.asked == []
    assert counted(result) == before + 1


async def test_a_pod_waits_for_the_refresh_that_it_needs() -> None:
    """The first pull already works: the secret of the pod's namespace is refreshed before."""
    refreshes = Refreshes()
    before = counted("refreshed")

    answer = await a_webhook(refreshes, EXPIRED).admit(a_body("ecr-login"))

    assert answer_of(answer) == {"uid": UID, "allowed": True}
    assert refreshes.asked == [("shop-ecr", SHOP)]
    assert counted("refreshed") == before + 1


@pytest.mark.parametrize(
    ("before", "result"),
    [
        pytest.param(a_pull_secret(), "fresh", id="for-a-while"),
        pytest.param(EXPIRED, "refreshed", id="since-this-refresh"),
    ],
)
async def test_a_pull_secret_without_a_region_is_told_of(before: PullSecret, result: str) -> None:
    """A refresh would not bring it, so no pod waits for one because of that."""
    found = {SHOP: before}

    async def refresh_now(_credential: str, target: ObjectKey) -> None:
        await asyncio.sleep(0)
        found[target] = a_pull_secret()

    webhook = PodWebhook(
        managed={SHOP: a_credential("shop", regions=(IRELAND, VIRGINIA))}.get,
        found=found.get,
        refresh_now=refresh_now,
        clock=lambda: NOON,
    )
    times = counted(result)

    answer = await webhook.admit(a_body("ecr-login"))

    warning = f"pull secret lacks {VIRGINIA}: AWSECRCredential shop-ecr"
    assert answer_of(answer) == {"uid": UID, "allowed": True, "warnings": [warning]}
    assert counted(result) == times + 1


def test_a_missing_region_is_told_beside_a_refresh_that_fails() -> None:
    """Of two pull secrets that a pod names, each has its own trouble."""
    spare = a_credential("shop", name="spare-ecr", regions=(IRELAND, VIRGINIA))
    webhook = a_webhook(
        Refreshes({"shop-ecr": AccessDeniedError("no")}),
        EXPIRED,
        replace(a_pull_secret(name="spare"), owner_name="spare-ecr"),
        managed={SHOP: a_credential("shop"), SPARE: spare}.get,
    )

    answer = run_in_virtual_time(webhook.admit(a_body("ecr-login", "spare")))

    lacks = [line for line in answer_of(answer)["warnings"] if "lacks" in line]
    assert len(answer_of(answer)["warnings"]) == 2
    assert lacks == [f"pull secret lacks {VIRGINIA}: AWSECRCredential spare-ecr"]


@pytest.mark.parametrize(
    ("ending", "result", "reason"),
    [
        pytest.param(AccessDeniedError("no"), "failed", "AccessDenied", id="refused"),
        pytest.param(KeyError("ours"), "failed", "InternalError", id="bug"),
        pytest.param(3600.0, "late", "NotInTime", id="hanging"),
    ],
)
def test_a_refresh_that_fails_admits_the_pod_with_a_warning(
    ending: Exception | float, result: str, reason: str
) -> None:
    """However a refresh fails, the pod starts, and the person at kubectl is told why in a line."""
    webhook = a_webhook(Refreshes({"shop-ecr": ending}), EXPIRED)
    before = counted(result)

    answer = run_in_virtual_time(webhook.admit(a_body("ecr-login")))

    warning = f"pull secret not refreshed: {reason}: AWSECRCredential shop-ecr"
    assert answer_of(answer) == {"uid": UID, "allowed": True, "warnings": [warning]}
    assert counted(result) == before + 1


@pytest.mark.parametrize(
    ("takes", "warnings"),
    [
        pytest.param(1.499, 0, id="just-within"),
        pytest.param(1.501, 1, id="just-beyond"),
    ],
)
def test_the_bound_is_a_second_and_a_half(takes: float, warnings: int) -> None:
    """A pod waits as long as that for a refresh, and no longer."""
    webhook = a_webhook(Refreshes({"shop-ecr": takes}), EXPIRED)

    async def admit() -> tuple[bytes, float]:
        answer = await webhook.admit(a_body("ecr-login"))
        return answer, asyncio.get_running_loop().time()

    answer, after = run_in_virtual_time(admit())

    assert len(answer_of(answer).get("warnings", [])) == warnings
    assert after == pytest.approx(min(takes, 1.5))


def test_all_refreshes_of_a_pod_share_one_bound() -> None:
    """A pod with two expired secrets waits no longer than one with one, and gets what was done."""
    refreshes = Refreshes({"shop-ecr": 3600.0, "spare-ecr": 1.4})

    async def admit() -> tuple[bytes, float]:
        answer = await a_webhook(refreshes).admit(a_body("ecr-login", "spare"))
        return answer, asyncio.get_running_loop().time()

    answer, after = run_in_virtual_time(admit())

    assert refreshes.asked == [("shop-ecr", SHOP), ("spare-ecr", SPARE)]
    assert answer_of(answer)["warnings"] == [
        "pull secret not refreshed: NotInTime: AWSECRCredential shop-ecr"
    ]
    assert after == pytest.approx(1.5)


def test_one_refresh_that_fails_at_once_does_not_end_the_other() -> None:
    """A secret that can be refreshed is, whatever is wrong with the pod's other one."""
    refreshes = Refreshes({"shop-ecr": KeyError("ours"), "spare-ecr": 1.4})

    async def admit() -> tuple[bytes, float]:
        answer = await a_webhook(refreshes).admit(a_body("ecr-login", "spare"))
        return answer, asyncio.get_running_loop().time()

    answer, after = run_in_virtual_time(admit())

    assert len(answer_of(answer)["warnings"]) == 1
    assert after == pytest.approx(1.4)


def test_a_hanging_and_a_failing_refresh_count_as_failed() -> None:
    """What is wrong for good is not hidden behind what is only slow."""
    webhook = a_webhook(Refreshes({"shop-ecr": 3600.0, "spare-ecr": AccessDeniedError("no")}))
    before = counted("failed")

    answer = run_in_virtual_time(webhook.admit(a_body("ecr-login", "spare")))

    assert len(answer_of(answer)["warnings"]) == 2
    assert counted("failed") == before + 1


def test_pods_do_not_wait_for_one_another() -> None:
    """500 pods that need one refresh are all answered when it is done."""
    refreshes = Refreshes({"shop-ecr": 1.0})
    webhook = a_webhook(refreshes, EXPIRED)

    async def admit() -> tuple[list[bytes], float]:
        answers = await asyncio.gather(*(webhook.admit(a_body("ecr-login")) for _ in range(500)))
        return answers, asyncio.get_running_loop().time()

    answers, after = run_in_virtual_time(admit())

    assert [answer_of(answer) for answer in answers] == [{"uid": UID, "allowed": True}] * 500
    assert after == pytest.approx(1.0)


def test_a_refresh_that_is_cancelled_by_the_end_of_the_process_admits_the_pod() -> None:
    """Pods that wait while the operator is stopped get their answer."""

    async def admit() -> bytes:
        refresh = asyncio.get_running_loop().create_future()
        webhook = PodWebhook(
            managed=MANAGED.get,
            found={SHOP: EXPIRED}.get,
            refresh_now=lambda *_: asyncio.shield(refresh),
            clock=lambda: NOON,
        )
        asyncio.get_running_loop().call_later(1, refresh.cancel)
        return await webhook.admit(a_body("ecr-login"))

    answer = run_in_virtual_time(admit())

    warning = "pull secret not refreshed: Stopping: AWSECRCredential shop-ecr"
    assert answer_of(answer) == {"uid": UID, "allowed": True, "warnings": [warning]}


async def test_a_bug_in_the_decision_admits_the_pod(caplog: pytest.LogCaptureFixture) -> None:
    """No mistake of ours keeps a pod from starting; it is logged with its traceback, once."""

    def managed(_: ObjectKey) -> Credential | None:
        raise ZeroDivisionError

    answer = await a_webhook(Refreshes(), managed=managed).admit(a_body("ecr-login"))

    assert answer_of(answer) == {
        "uid": UID,
        "allowed": True,
        "warnings": ["pull secrets not checked: InternalError"],
    }
    assert [(record.levelno, bool(record.exc_info)) for record in caplog.records] == [
        (logging.ERROR, True)
    ]


async def test_what_is_no_review_is_refused_and_counted() -> None:
    """Nonsense is told apart from pods."""
    before = counted("invalid")

    with pytest.raises(InvalidReviewError):
        await a_webhook(Refreshes()).admit(b"{}")

    assert counted("invalid") == before + 1


async def test_the_log_names_the_pod_question_and_the_credential(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whoever looks into a failed pull finds which refresh failed, and why."""
    await a_webhook(Refreshes({"shop-ecr": AccessDeniedError("no")})).admit(a_body("ecr-login"))

    (record,) = caplog.records
    shown = {name: getattr(record, name) for name in ("request_uid", "credential", "reason")}
    assert shown == {"request_uid": UID, "credential": "shop-ecr", "reason": "AccessDenied"}
    assert record.levelno == logging.WARNING


def test_a_long_name_leaves_room_for_the_reason() -> None:
    """However long the credential's name is, the line stays short and says why."""
    name = "c" * 253
    managed = {SHOP: a_credential("shop", name=name)}
    webhook = a_webhook(Refreshes({name: AccessDeniedError("no")}), managed=managed.get)

    answer = run_in_virtual_time(webhook.admit(a_body("ecr-login")))

    (warning,) = answer_of(answer)["warnings"]
    assert warning.startswith("pull secret not refreshed: AccessDenied: AWSECRCredential ccccc")
    assert len(warning) < 120
