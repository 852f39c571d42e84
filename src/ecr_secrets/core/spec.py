"""The fields of `AWSECRCredential.spec`, with the bounds that the API server enforces.

The schema in the CRD is generated from these types, so what is parsed here and what the API server
accepts cannot drift apart. Fields of the original operator keep their names, bounds and defaults.
"""

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

GROUP = "aws.zakariaamine.com"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "AWSECRCredential"
PLURAL = "awsecrcredentials"

# Twice the 10,000 namespaces that Kubernetes is tested for; 20,000 names are 1.3 MB at most, which
# the API server and etcd still take in one object.
MAX_NAMESPACES = 20_000
MAX_REGISTRIES = 32  # about as many as AWS has regions
MAX_ACCOUNT_IDS = 50

# The patterns end in `\Z`, because Python's `$` lets a newline pass; the schema has `$` instead.
# RFC 1123 label and subdomain: the rules the Kubernetes API applies to namespaces and objects.
_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
NAMESPACE_PATTERN = rf"^{_LABEL}\Z"
NAME_PATTERN = rf"^{_LABEL}(\.{_LABEL})*\Z"
# Letters, parts and a number, as in `us-gov-west-1`. An availability zone (`us-east-1a`) passes
# here on purpose: it is named as the mistake it is by a rule of its own.
REGION_PATTERN = r"^[a-z]{2,5}(-[a-z]+)+-[0-9]{1,2}[a-z]?\Z"
# IAM: role names have the characters `\w+=,.@-`, paths add `/`.
ROLE_ARN_PATTERN = r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+\Z"
# STS AssumeRole: ExternalId is 2 to 1224 of these characters.
EXTERNAL_ID_PATTERN = r"^[A-Za-z0-9_+=,.@:/-]+\Z"
ACCOUNT_ID_PATTERN = r"^[0-9]{12}\Z"

ObjectName = Annotated[str, Meta(min_length=1, max_length=253, pattern=NAME_PATTERN)]
NamespaceName = Annotated[str, Meta(min_length=1, max_length=63, pattern=NAMESPACE_PATTERN)]
AccountId = Annotated[str, Meta(min_length=12, max_length=12, pattern=ACCOUNT_ID_PATTERN)]


RefreshPolicy: TypeAlias = Literal["Always", "OnPodAdmission"]


class AwsAccessSpec(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Which AWS identity asks for registry tokens."""

    secret_name: Annotated[
        ObjectName | None,
        Meta(
            description="Secret with the keys AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and "
            "AWS_REGION, and optionally AWS_SESSION_TOKEN. Absent: the operator's own identity."
        ),
    ] = None
    namespace: Annotated[NamespaceName, Meta(description="Namespace of that Secret.")] = "default"
    role_arn: Annotated[
        Annotated[str, Meta(min_length=20, max_length=2048, pattern=ROLE_ARN_PATTERN)] | None,
        Meta(description="Role to assume with the identity above before asking for tokens."),
    ] = None
    external_id: Annotated[
        Annotated[str, Meta(min_length=2, max_length=1224, pattern=EXTERNAL_ID_PATTERN)] | None,
        Meta(description="External id that the role's trust policy asks for."),
    ] = None


class RegistrySpec(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Registries of one region."""

    region: Annotated[
        str,
        Meta(
            min_length=4,
            max_length=32,
            pattern=REGION_PATTERN,
            description="AWS region, such as eu-west-1.",
        ),
    ]
    account_ids: Annotated[
        list[AccountId],
        Meta(
            max_length=MAX_ACCOUNT_IDS,
            description="Accounts whose registries in this region the pull secret opens. Empty: "
            "the account of the identity.",
        ),
    ] = []


class CredentialSpec(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What the user asks for."""

    secret_name: Annotated[
        ObjectName, Meta(description="Name of the pull secret in every namespace.")
    ]
    namespaces: Annotated[
        list[NamespaceName],
        Meta(
            min_length=1,
            max_length=MAX_NAMESPACES,
            description="Namespaces that get the pull secret. One that does not exist yet is "
            "served as soon as it does.",
        ),
    ]
    aws_access: Annotated[
        AwsAccessSpec | None,
        Meta(
            description="The AWS identity that asks for registry tokens. Absent: the operator's "
            "own (IRSA, EKS Pod Identity, environment, profile or instance metadata)."
        ),
    ] = None
    registries: Annotated[
        Annotated[list[RegistrySpec], Meta(max_length=MAX_REGISTRIES)] | None,
        Meta(
            description="Registries that the pull secret opens, one entry per region. Absent: the "
            "identity's own registry in its AWS_REGION."
        ),
    ] = None
    refresh_policy: Annotated[
        RefreshPolicy,
        Meta(
            description="Always: from half of a token's life on. OnPodAdmission: no timer; the "
            "first pod after expiry has the pull secret of its namespace refreshed before it is "
            "admitted, and those of the other namespaces right after."
        ),
    ] = "Always"
