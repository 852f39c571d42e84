"""An `AWSECRCredential` object, parsed into a value nobody has to check again."""

import re
from dataclasses import dataclass, field

import msgspec

from ecr_secrets.core.hosts import check_region
from ecr_secrets.core.objects import ObjectKey, ObjectMeta
from ecr_secrets.core.spec import AwsAccessSpec, CredentialSpec, RegistrySpec
from ecr_secrets.errors import InvalidSpecError

_MISSING = re.compile("Object missing required field `(.+)`")  # as msgspec says it


class CredentialObject(msgspec.Struct, frozen=True):
    """The object as it stands on the wire: known metadata, everything else untouched.

    A spec that does not parse must not make the object disappear: its condition has to say so.
    """

    metadata: ObjectMeta
    spec: msgspec.Raw = msgspec.Raw(b"{}")
    status: msgspec.Raw = msgspec.Raw(b"{}")


def read_credential(raw: bytes | msgspec.Raw) -> CredentialObject:
    """Read an object from the wire and keep nothing else of it, such as its managed fields.

    Raises:
        msgspec.DecodeError: it has no metadata that could be used.
    """
    found = msgspec.json.decode(raw, type=CredentialObject)
    return CredentialObject(
        metadata=found.metadata, spec=found.spec.copy(), status=found.status.copy()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessReference:
    """Where a credential's AWS identity comes from."""

    secret: ObjectKey | None  # None: the operator's own identity
    role_arn: str | None = None  # None: no role is assumed
    external_id: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryRequest:
    """The registries of one region that a pull secret must open."""

    region: str | None  # None: the region of the AWS access
    account_ids: tuple[str, ...] = ()  # empty: the identity's own account


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What one `AWSECRCredential` object asks for."""

    name: str
    uid: str
    generation: int
    access: AccessReference
    secret_name: str
    namespaces: frozenset[str]
    registries: tuple[RegistryRequest, ...]
    timed: bool = True  # False: refreshed when a pod needs it, not when time has come

    def target(self, namespace: str) -> ObjectKey:
        """Where the pull secret of a namespace stands."""
        return ObjectKey(namespace, self.secret_name)

    @property
    def regions(self) -> frozenset[str]:
        """The regions that are asked for by name."""
        return frozenset(request.region for request in self.registries if request.region)


def parse_credential(manifest: CredentialObject) -> Credential:
    """Turn an `AWSECRCredential` object into a `Credential`.

    The CRD schema refuses most mistakes already. This is the second gate, because objects stored
    before a schema change are never validated again.

    Raises:
        InvalidSpecError: names the offending field by its JSON path.
    """
    try:
        spec = msgspec.json.decode(manifest.spec, type=CredentialSpec)
    except msgspec.ValidationError as error:
        raise _explain(error) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise InvalidSpecError("spec", "not valid JSON, or nested too deeply") from None
    return Credential(
        name=manifest.metadata.name,
        uid=manifest.metadata.uid,
        generation=manifest.metadata.generation,
        access=_access(spec.aws_access),
        secret_name=spec.secret_name,
        namespaces=frozenset(spec.namespaces),
        registries=_registries(spec.registries or []),
        timed=spec.refresh_policy == "Always",
    )


def _explain(error: msgspec.ValidationError) -> InvalidSpecError:
    """Name the field in the words of the user's YAML: msgspec ends with ``- at `$.a.b[...]` ``."""
    problem, _, where = str(error).partition(" - at ")
    path = where.strip("`").replace("$", "spec", 1) or "spec"
    missing = _MISSING.fullmatch(problem)
    if missing:
        return InvalidSpecError(f"{path}.{missing[1]}", "required, and missing")
    return InvalidSpecError(path, problem[0].lower() + problem[1:])


def _access(access: AwsAccessSpec | None) -> AccessReference:
    if access is None:
        return AccessReference(secret=None)
    if access.external_id is not None and access.role_arn is None:
        raise InvalidSpecError("spec.awsAccess.externalId", "only has a meaning with roleArn")
    if access.secret_name is None and access.role_arn is None:
        raise InvalidSpecError(
            "spec.awsAccess",
            "name a secretName or a roleArn; without awsAccess the operator's own identity is used",
        )
    secret = ObjectKey(access.namespace, access.secret_name) if access.secret_name else None
    return AccessReference(secret=secret, role_arn=access.role_arn, external_id=access.external_id)


def _registries(registries: list[RegistrySpec]) -> tuple[RegistryRequest, ...]:
    seen: set[str] = set()
    for index, registry in enumerate(registries):
        path = f"spec.registries[{index}].region"
        check_region(registry.region, path)
        if registry.region in seen:
            raise InvalidSpecError(
                path, f"{registry.region} stands here twice; list its accounts in one entry"
            )
        seen.add(registry.region)
    requests = (
        RegistryRequest(region=entry.region, account_ids=tuple(sorted(set(entry.account_ids))))
        for entry in sorted(registries, key=lambda entry: entry.region)
    )
    return tuple(requests) or (RegistryRequest(region=None),)
