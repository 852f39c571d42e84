"""Certificates from elsewhere: mounted, or made by cert-manager for the host that is called."""

from typing import Any

import pytest

from tests.helm.helm import (
    FULL_NAME,
    NAMESPACE,
    Helm,
    config_of,
    container_of,
    of_kind,
    pod_of,
    the,
)
from tests.helm.matrix import VALUES

_SERVICE = f"{FULL_NAME}.{NAMESPACE}.svc"


@pytest.mark.parametrize(
    ("values", "mounted"),
    [
        pytest.param(VALUES["cert-manager"], f"{FULL_NAME}-serving", id="cert-manager"),
        pytest.param(VALUES["own-certificate"], "serving", id="existing"),
    ],
)
def test_a_certificate_from_elsewhere_is_mounted(
    helm4: Helm, values: dict[str, Any], mounted: str
) -> None:
    """The operator is told the files, and needs no right on a Secret of its own authorities."""
    objects = helm4.render(values)

    (volume,) = pod_of(objects)["spec"]["volumes"]
    (mount,) = container_of(objects)["volumeMounts"]
    config = config_of(objects)
    assert volume["secret"]["secretName"] == mounted
    assert mount["name"] == volume["name"]
    assert (config.tls_cert_file, config.tls_key_file, config.tls_ca_file) == tuple(
        f"{mount['mountPath']}/{name}" for name in ("tls.crt", "tls.key", "ca.crt")
    )
    assert all(rule["resources"] != ["secrets"] for rule in the(objects, "Role")["rules"])


def test_the_certificate_is_for_the_name_the_api_server_calls(helm4: Helm) -> None:
    """An authority of the chart's own signs it, which stays when the certificate is renewed."""
    objects = helm4.render(VALUES["cert-manager"])

    by_name = {each["metadata"]["name"]: each["spec"] for each in of_kind(objects, "Certificate")}
    issuers = {each["metadata"]["name"]: each["spec"] for each in of_kind(objects, "Issuer")}
    serving, authority = by_name[f"{FULL_NAME}-serving"], by_name[f"{FULL_NAME}-authority"]
    assert _SERVICE in serving["dnsNames"]
    assert issuers[serving["issuerRef"]["name"]] == {"ca": {"secretName": authority["secretName"]}}
    assert issuers[authority["issuerRef"]["name"]] == {"selfSigned": {}}


@pytest.mark.parametrize(
    ("url", "names", "addresses"),
    [
        pytest.param(None, [], None, id="none"),
        pytest.param("https://hook.example.com/x", ["hook.example.com"], None, id="name"),
        pytest.param("https://hook.example.com:8443", ["hook.example.com"], None, id="port"),
        pytest.param("https://192.0.2.7:9443", [], ["192.0.2.7"], id="ipv4"),
        pytest.param("https://[2001:db8::7]:9443/x", [], ["2001:db8::7"], id="ipv6"),
        pytest.param("https://7.example.com", ["7.example.com"], None, id="name-with-a-digit"),
        pytest.param(f"https://{_SERVICE}", [], None, id="of-the-service"),
    ],
)
def test_the_certificate_is_for_the_host_of_the_url_as_well(
    helm4: Helm, url: str | None, names: list[str], addresses: list[str] | None
) -> None:
    """If the API server is told to call that."""
    webhook = {"url": url, **VALUES["cert-manager-with-issuer"]["webhook"]}

    serving = the(helm4.render({"webhook": webhook}), "Certificate")["spec"]

    assert serving["dnsNames"] == [_SERVICE, f"{_SERVICE}.cluster.local", *names]
    assert serving.get("ipAddresses") == addresses


def test_a_given_issuer_signs_alone(helm4: Helm) -> None:
    """No authority is made beside it."""
    objects = helm4.render(VALUES["cert-manager-with-issuer"])

    assert the(objects, "Certificate")["spec"]["issuerRef"]["name"] == "ours"
    assert of_kind(objects, "Issuer") == []
