"""A target that fails is left alone for a while, alone."""

from datetime import timedelta

from ecr_secrets.controller.retries import CAP, FLOOR, Retries
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.errors import ForbiddenError

SHOP, BANK = ObjectKey("shop", "ecr-login"), ObjectKey("bank", "ecr-login")
ERROR = ForbiddenError("secrets shop/ecr-login: forbidden")


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _retries(clock: Clock) -> Retries:
    return Retries(clock=clock, random=lambda: 0.0)


def test_a_failure_keeps_its_target_waiting_and_no_other() -> None:
    """The namespaces beside a failing one are tried as always."""
    clock = Clock()
    retries = _retries(clock)

    retries.failed("ecr", SHOP, ERROR)

    assert retries.is_waiting("ecr", SHOP)
    assert not retries.is_waiting("ecr", BANK)
    assert not retries.is_waiting("other", SHOP)


def test_the_wait_ends_exactly_when_it_says() -> None:
    """What is due is tried at that instant, not before."""
    clock = Clock()
    retries = _retries(clock)
    retries.failed("ecr", SHOP, ERROR)

    wait = retries.next_try("ecr", [SHOP, BANK])
    clock.now += FLOOR.total_seconds() - 0.001
    before = retries.is_waiting("ecr", SHOP)
    clock.now = 100.0 + FLOOR.total_seconds()

    assert wait == FLOOR
    assert before
    assert not retries.is_waiting("ecr", SHOP)
    assert retries.next_try("ecr", [SHOP]) == timedelta(0)


def test_waits_grow_to_a_cap_that_keeps_recovery_within_a_minute() -> None:
    """However often it failed, it is tried again within a minute."""
    clock = Clock()
    retries = Retries(clock=clock, random=lambda: 0.999)

    for _ in range(50):
        retries.failed("ecr", SHOP, ERROR)

    assert retries.next_try("ecr", [SHOP]) == CAP
    assert timedelta(seconds=60) > CAP


def test_success_forgets_and_so_does_a_credential_that_is_gone() -> None:
    """A later failure begins anew."""
    retries = _retries(Clock())
    retries.failed("ecr", SHOP, ERROR)
    retries.failed("gone", BANK, ERROR)

    retries.succeeded("ecr", SHOP)
    retries.forget("gone")

    assert retries.last("ecr", SHOP) is None
    assert retries.last("gone", BANK) is None
    assert retries.next_try("ecr", [SHOP]) is None
