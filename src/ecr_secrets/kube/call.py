"""One request to the API server, before anything is known of cluster or credentials."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ecr_secrets.kube.resource import SECRETS, Resource

Verb: TypeAlias = Literal["get", "list", "watch", "create", "apply", "patch", "delete"]

_METHODS: Mapping[Verb, str] = {
    "get": "GET",
    "list": "GET",
    "watch": "GET",
    "create": "POST",
    "apply": "PATCH",
    "patch": "PATCH",
    "delete": "DELETE",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is asked of the API server."""

    verb: Verb
    resource: Resource
    about: str  # the object or namespace, for errors; "": the whole cluster
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)  # may hold a Secret
    content_type: str = "application/json"
    accept: str = "application/json"

    @property
    def method(self) -> str:
        """The HTTP method."""
        return _METHODS[self.verb]

    @property
    def asked(self) -> str:
        """The call in words, for errors."""
        return f"{self.verb} {self.resource.plural} {self.about}".rstrip()

    @property
    def confidential(self) -> bool:
        """Whether the objects concerned hold secret data."""
        return (self.resource.group, self.resource.plural) == (SECRETS.group, SECRETS.plural)
