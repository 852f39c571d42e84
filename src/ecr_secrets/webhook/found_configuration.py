"""The webhook configuration as it stands in the cluster, whoever wrote it."""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Any

import msgspec

from ecr_secrets.core.objects import Manifest, ObjectMeta
from ecr_secrets.core.webhook_configuration import WEBHOOK


class Found(msgspec.Struct, frozen=True):
    """A ValidatingWebhookConfiguration of our name."""

    metadata: ObjectMeta
    webhooks: list[dict[str, Any]] = []

    @property
    def version(self) -> str:
        """Its resource version."""
        return self.metadata.resource_version

    @property
    def owners(self) -> frozenset[str]:
        """The uids of what it is collected with."""
        return frozenset(owner.uid for owner in self.metadata.owner_references or ())

    def bundle(self) -> bytes | None:
        """Return the CA bundle by which we are verified.

        Empty: none that can be read. None: our webhook is not in it, so nobody asks us.
        """
        ours = next((each for each in self.webhooks if each.get("name") == WEBHOOK), None)
        if ours is None:
            return None
        try:
            return b64decode(ours.get("clientConfig", {}).get("caBundle", ""))
        except Base64Error:
            return b""

    def is_as_desired(self, manifest: Manifest) -> bool:
        """Compare every field that counts; foreign labels and annotations are nobody's business."""
        wanted = {owner["uid"] for owner in manifest["metadata"].get("ownerReferences", [])}
        return self.webhooks == manifest["webhooks"] and wanted <= self.owners

    def spares(self, namespace: str) -> bool:
        """Tell whether it leaves a namespace alone, as each operator's does with its own."""
        return any(
            namespace in expression.get("values", [])
            for webhook in self.webhooks
            for expression in webhook.get("namespaceSelector", {}).get("matchExpressions", [])
        )


def patch_to(found: Found, manifest: Manifest) -> Manifest:
    """Write the merge patch that makes of what was found what is desired.

    Merging replaces the list of webhooks as a whole. An apply would leave in it what somebody
    else has added, such as another webhook, or a URL beside our Service, which is then refused.
    """
    metadata: dict[str, Any] = {"resourceVersion": found.version}
    missing = [
        owner
        for owner in manifest["metadata"].get("ownerReferences", [])
        if owner["uid"] not in found.owners
    ]
    if missing:
        others = msgspec.to_builtins(found.metadata.owner_references or ())
        names = {(owner["kind"], owner["name"]) for owner in missing}
        kept = [owner for owner in others if (owner["kind"], owner["name"]) not in names]
        metadata["ownerReferences"] = [*kept, *missing]
    return {"metadata": metadata, "webhooks": manifest["webhooks"]}


def patch_with_bundle(found: Found, bundle: bytes) -> Manifest:
    """Write the merge patch that changes nothing but the CA bundle of our webhook."""
    webhooks = [
        _with_bundle(each, bundle) if each.get("name") == WEBHOOK else each
        for each in found.webhooks
    ]
    return {"metadata": {"resourceVersion": found.version}, "webhooks": webhooks}


def _with_bundle(webhook: Mapping[str, Any], bundle: bytes) -> dict[str, Any]:
    encoded = b64encode(bundle).decode()
    return {**webhook, "clientConfig": {**webhook.get("clientConfig", {}), "caBundle": encoded}}
