"""What the operator decides on, and what its writer then sends."""

from datetime import datetime

import msgspec

from ecr_secrets.core.actions import Keep, Write
from ecr_secrets.core.content import Content, render_pull_secret
from ecr_secrets.core.hosts import region_of
from ecr_secrets.core.plan import survey
from ecr_secrets.core.pull_secret import parse_pull_secret
from ecr_secrets.core.settle import overruled, settle
from tests.cluster.admission_policy.ward import Answer, Ward
from tests.cluster.api import Object
from tests.core.builders import NOON, a_world


def decide(ward: Ward, found: Object, content: Content, *, now: datetime = NOON) -> Write | Keep:
    """Have the operator decide on what stands in one place, with this content at hand."""
    secret = parse_pull_secret(msgspec.json.encode(found))
    asked = {region_of(entry.host) for entry in content.registries}
    credential = ward.credential(secret.key, regions=sorted(filter(None, asked)))
    world = a_world(secret, namespaces=(ward.namespace,))
    actions = survey(credential, world, source=content.source, now=now)
    (action,) = settle(actions, content, now=now)
    assert isinstance(action, Write | Keep)
    return action


def write_over(ward: Ward, found: Object, content: Content, *, now: datetime = NOON) -> Write:
    """Have the operator decide, where it decides to write."""
    action = decide(ward, found, content, now=now)
    assert isinstance(action, Write)
    return action


def carry_out(ward: Ward, write: Write, content: Content) -> Answer:
    """Send what the operator's writer sends."""
    assert write.found
    guard = {"uid": write.found.uid, "resourceVersion": write.found.resource_version}
    manifest = render_pull_secret(
        write.target,
        content,
        ward.credential(write.target),
        guard=guard,
        overruled=overruled(write, content),
    )
    return ward.operator.ask("force", write.target, manifest)
