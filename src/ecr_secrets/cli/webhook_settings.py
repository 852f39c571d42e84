"""What flags mean for the webhook: its names, the lives of its certificates, its files."""

from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from ecr_secrets.core.authority import Lifetimes
from ecr_secrets.core.webhook_configuration import ServiceEndpoint
from ecr_secrets.errors import ConfigurationError
from ecr_secrets.settings import Config
from ecr_secrets.webhook.authority import ServingNames
from ecr_secrets.webhook.serving_files import TlsFiles


def endpoint_of(config: Config, namespace: str) -> ServiceEndpoint | str:
    """Say how the API server reaches us: by URL, or through a Service of the namespace."""
    return config.webhook_url or ServiceEndpoint(
        namespace=namespace, name=config.webhook_service, port=config.webhook_service_port
    )


def names_of(endpoint: ServiceEndpoint | str) -> ServingNames:
    """List what the API server calls us by: the Service's name, or the host of the URL.

    Raises:
        ConfigurationError: the URL names no host.
    """
    if isinstance(endpoint, ServiceEndpoint):
        dns = f"{endpoint.name}.{endpoint.namespace}.svc"
        return ServingNames(dns_names=(dns, f"{dns}.cluster.local"))
    host = urlsplit(endpoint).hostname
    if not host:
        raise ConfigurationError(f"--webhook-url: {endpoint}: names no host")
    try:
        ip_address(host)
    except ValueError:
        return ServingNames(dns_names=(host,))
    return ServingNames(ip_addresses=(host,))


def lifetimes_of(config: Config) -> Lifetimes:
    """Return how long certificates live.

    Raises:
        ConfigurationError: the spans do not fit one another.
    """
    try:
        return Lifetimes(
            authority=timedelta(seconds=config.ca_lifetime_seconds),
            leaf=timedelta(seconds=config.certificate_lifetime_seconds),
            overlap=timedelta(seconds=config.ca_overlap_seconds),
        )
    except ConfigurationError as error:
        flags = "--ca-lifetime-seconds, --certificate-lifetime-seconds, --ca-overlap-seconds"
        raise ConfigurationError(f"{flags}: {error}") from None


def files_of(config: Config) -> TlsFiles | None:
    """Return where a serving certificate from elsewhere is; None: we make our own.

    Raises:
        ConfigurationError: some of the three files are named, and others are not.
    """
    given = (config.tls_cert_file, config.tls_key_file, config.tls_ca_file)
    if not any(given):
        return None
    certificate, key, ca = given
    if not (certificate and key and ca):
        raise ConfigurationError(
            "--tls-cert-file, --tls-key-file and --tls-ca-file belong together: name all or none"
        )
    return TlsFiles(certificate=Path(certificate), key=Path(key), ca=Path(ca))
