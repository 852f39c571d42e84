"""Finds the ClusterRole that the webhook configuration is collected with."""

import logging

import msgspec

from ecr_secrets.core.objects import ObjectKey, ObjectMeta
from ecr_secrets.core.webhook_configuration import Owner
from ecr_secrets.errors import OperatorError, UnavailableError
from ecr_secrets.kube.client import Client
from ecr_secrets.kube.resource import Resource

log = logging.getLogger(__name__)

CLUSTER_ROLES = Resource(
    group="rbac.authorization.k8s.io", version="v1", plural="clusterroles", namespaced=False
)


class _Role(msgspec.Struct):
    metadata: ObjectMeta


class OwnerSearch:
    """Looks it up each time, for one that is made anew has another uid.

    State is touched only between awaits of one event loop.
    """

    def __init__(self, client: Client, name: str) -> None:
        """Prepare to look.

        Args:
            client: how to reach the API server.
            name: of the ClusterRole.
        """
        self._client = client
        self._name = name
        self._last: Owner | None = None
        self._reported = ""  # reason that was logged; "": none since it was found

    async def find(self) -> Owner | None:
        """Return it; None: there is none.

        One that was there remains the owner: when the operator is uninstalled, its role is gone
        a moment before its rights are, and what it writes in that moment is collected as well.

        Raises:
            UnavailableError: the API server did not say.
        """
        try:
            role = await self._client.get(CLUSTER_ROLES, ObjectKey("", self._name), into=_Role)
        except UnavailableError:
            raise
        except OperatorError as error:
            if error.reason != self._reported:
                self._reported = error.reason
                fields = {"reason": error.reason, "error": str(error)}
                log.warning("owner of the webhook configuration not found", extra=fields)
            return self._last
        self._reported = ""
        self._last = Owner(name=self._name, uid=role.metadata.uid)
        return self._last
