"""Where a credential's tokens come from: one identity, and the registries it is asked for."""

from dataclasses import dataclass, replace

from ecr_secrets.core.access_secret import AccessSecret
from ecr_secrets.core.aws_access import AwsAccess, parse_aws_access
from ecr_secrets.core.content import source_of
from ecr_secrets.core.credential import Credential, RegistryRequest
from ecr_secrets.core.identity import Identity
from ecr_secrets.errors import AwsAccessNotFoundError, NoRegionError


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What tokens are asked for with."""

    identity: Identity
    registries: tuple[RegistryRequest, ...]  # each with its region

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions that each need a token of their own."""
        return tuple(request.region for request in self.registries if request.region)

    @property
    def fingerprint(self) -> str:
        """Changes when tokens have to be asked for anew."""
        return source_of(self.identity, self.registries)


def needs_own_region(credential: Credential) -> bool:
    """Tell whether the region has to come from the operator's own environment."""
    return credential.access.secret is None and any(
        request.region is None for request in credential.registries
    )


def resolve_source(
    credential: Credential, found: AccessSecret | None, *, own_region: str | None
) -> Source:
    """Bring together what the object, its AWS access and the environment say.

    Args:
        found: the Secret named by `spec.awsAccess`; None: it does not exist, or none is named.
        own_region: region of the operator's environment; None: unknown or not needed.

    Raises:
        AwsAccessNotFoundError: the Secret does not exist.
        InvalidAwsAccessError: a key of the Secret is missing or malformed.
        NoRegionError: nothing names a region.
    """
    reference = credential.access
    access: AwsAccess | None = None
    if reference.secret is not None:
        if found is None:
            raise AwsAccessNotFoundError(
                f"spec.awsAccess: Secret {reference.secret} does not exist; create it with the "
                "keys AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION"
            )
        access = parse_aws_access(found.data, secret=reference.secret)
    region = access.region if access else own_region
    if region is None and any(request.region is None for request in credential.registries):
        where = (
            f"Secret {reference.secret}, key AWS_REGION: missing"
            if reference.secret
            else "the operator's environment names no AWS region: AWS_REGION is not set"
        )
        raise NoRegionError(f"{where}; set it, or list regions in spec.registries")
    return Source(
        identity=Identity(
            keys=access.keys if access else None,
            role_arn=reference.role_arn,
            external_id=reference.external_id,
        ),
        registries=tuple(
            request if request.region else replace(request, region=region)
            for request in credential.registries
        ),
    )
