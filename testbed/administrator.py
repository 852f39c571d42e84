"""The cluster's administrator, as a client of the API: one request, one connection, no retry."""

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from testbed.errors import ControlPlaneError


@dataclass(frozen=True, slots=True)
class Administrator:
    """Sends requests with the rights of `system:masters`."""

    port: int
    tls: ssl.SSLContext  # trusts the cluster's CA and shows the administrator's certificate

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        content_type: str = "application/json",
        timeout: timedelta = timedelta(seconds=30),
    ) -> tuple[int, Any]:
        """Return the HTTP status, and the answer as parsed JSON; as text when it is none.

        Raises:
            OSError: the API server cannot be reached or does not answer within `timeout`
                (TimeoutError).
        """
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, context=self.tls, timeout=timeout.total_seconds()
        )
        try:
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, path, data, {"Content-Type": content_type})
            response = connection.getresponse()
            return response.status, _parse(response.read())
        except http.client.HTTPException as error:
            raise ConnectionError(f"{method} {path}: {type(error).__name__}") from error
        finally:
            connection.close()

    def token_for(self, namespace: str, service_account: str, seconds: int) -> str:
        """Return a token of a service account from the TokenRequest API.

        Args:
            seconds: how long it is good for; the API server refuses less than 600.

        Raises:
            ControlPlaneError: the API server refuses.
        """
        status, answer = self.request(
            "POST",
            f"/api/v1/namespaces/{namespace}/serviceaccounts/{service_account}/token",
            {
                "apiVersion": "authentication.k8s.io/v1",
                "kind": "TokenRequest",
                "spec": {"expirationSeconds": seconds},
            },
        )
        if status != http.HTTPStatus.CREATED:
            raise ControlPlaneError(
                f"token for {namespace}/{service_account}: {status} {answer['message']}"
            )
        return str(answer["status"]["token"])


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", errors="replace")
