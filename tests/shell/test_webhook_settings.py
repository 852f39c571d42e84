"""What flags mean for the webhook, and which of them cannot be meant."""

from pathlib import Path
from typing import Any

import pytest

from ecr_secrets.cli.webhook_settings import endpoint_of, files_of, lifetimes_of, names_of
from ecr_secrets.core.webhook_configuration import ServiceEndpoint
from ecr_secrets.errors import ConfigurationError
from ecr_secrets.settings import Config
from ecr_secrets.webhook.authority import ServingNames
from ecr_secrets.webhook.serving_files import TlsFiles

FILES: dict[str, Any] = {"tls_cert_file": "a", "tls_key_file": "b", "tls_ca_file": "c"}


def test_three_files_are_a_certificate_and_none_is_our_own() -> None:
    """Nothing in between."""
    assert files_of(Config(**FILES)) == TlsFiles(certificate=Path("a"), key=Path("b"), ca=Path("c"))
    assert files_of(Config()) is None


@pytest.mark.parametrize("missing", FILES)
def test_some_of_the_three_files_are_a_mistake(missing: str) -> None:
    """It is said at the start, with all three flags."""
    with pytest.raises(ConfigurationError, match="--tls-cert-file, --tls-key-file and --tls-ca"):
        files_of(Config(**(FILES | {missing: None})))


@pytest.mark.parametrize(
    ("spans", "fits"),
    [
        pytest.param((365 * 86_400, 7 * 86_400, 60), True, id="the-defaults"),
        pytest.param((6, 3, 1), True, id="seconds"),
        pytest.param((5.9, 3, 1), False, id="authority-too-short-for-the-overlap"),
        pytest.param((60, 61, 1), False, id="certificate-outlives-its-authority"),
        pytest.param((60, 3, 1.1), False, id="certificate-too-short-for-the-overlap"),
    ],
)
def test_lives_that_do_not_fit_one_another_are_refused(
    spans: tuple[float, float, float], fits: bool
) -> None:
    """With the flags to change and the least that would do."""
    ca, leaf, overlap = spans
    config = Config(
        ca_lifetime_seconds=ca, certificate_lifetime_seconds=leaf, ca_overlap_seconds=overlap
    )
    if fits:
        assert lifetimes_of(config).leaf.total_seconds() == leaf
        return

    with pytest.raises(ConfigurationError, match=r"--ca-lifetime-seconds, .*: .*certificate"):
        lifetimes_of(config)


@pytest.mark.parametrize(
    "setting",
    [
        pytest.param({"ca_lifetime_seconds": float("inf")}, id="endless"),
        pytest.param({"ca_lifetime_seconds": 1e12}, id="past-the-calendar"),
        pytest.param({"certificate_lifetime_seconds": 2.9}, id="below-what-x509-can-tell"),
        pytest.param({"ca_overlap_seconds": float("nan")}, id="not-a-number"),
    ],
)
def test_lives_that_no_certificate_can_have_are_refused(setting: dict[str, Any]) -> None:
    """As every number out of its bounds."""
    with pytest.raises(ConfigurationError, match=r"-seconds: expected at (least|most)"):
        Config(**setting)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param(
            None,
            ServingNames(dns_names=("ecr.ns.svc", "ecr.ns.svc.cluster.local")),
            id="the-service",
        ),
        pytest.param("https://192.0.2.7:9443", ServingNames(ip_addresses=("192.0.2.7",)), id="ip"),
        pytest.param("https://[::1]:9443", ServingNames(ip_addresses=("::1",)), id="ip-6"),
        pytest.param("https://a.example.com", ServingNames(dns_names=("a.example.com",)), id="dns"),
    ],
)
def test_the_certificate_is_for_what_the_api_server_calls(
    url: str | None, expected: ServingNames
) -> None:
    """No other name is in it."""
    assert names_of(endpoint_of(Config(webhook_url=url, webhook_service="ecr"), "ns")) == expected


def test_a_url_without_a_host_is_a_mistake() -> None:
    """It is said with its flag."""
    with pytest.raises(ConfigurationError, match="--webhook-url: nonsense: names no host"):
        names_of("nonsense")


def test_without_a_url_the_service_is_asked() -> None:
    """In the operator's own namespace."""
    expected = ServiceEndpoint(namespace="ns", name="kube-ecr-secrets-operator", port=443)

    assert endpoint_of(Config(), "ns") == expected
