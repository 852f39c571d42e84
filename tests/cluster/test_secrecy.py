"""Keys, tokens and passwords stand in Secrets and nowhere else."""

import base64
import json
from collections.abc import Iterable
from pathlib import Path

import yaml

from testbed.aws import faults, nonsense
from testbed.aws.iam import AccessKey
from testbed.operator import NAMESPACE, SERVICE_ACCOUNT
from tests.cluster.stage import HOST, Stage

# As much of a token as tells it from every other: nobody has to print the whole to leak it. A
# multiple of three, so that its base64 stands unchanged inside the base64 of more.
START = 42


def test_no_secret_is_in_anything_that_people_read(stage: Stage) -> None:
    """Logs at DEBUG, Events, status, metrics, arguments: through good days and bad ones."""
    shop = stage.make_namespace("shop")
    keys = [stage.key]
    name = stage.serve(shop)
    contents = [stage.secret(shop).docker_config]
    for fault in (faults.ACCESS_DENIED, faults.TRUNCATED, *nonsense.TOKENS[3:5]):
        keys.append(stage.aws.new_key())
        stage.aws.misbehave(fault, keys[-1])
        stage.set_aws_access(keys[-1])
        stage.until(
            f"it suffers from {fault.name}",
            lambda: stage.aws.calls(keys[-1]) > 0 and _degraded(stage, name),
        )
    stage.set_aws_access(AWS_SECRET_ACCESS_KEY=f"'{stage.key.secret_access_key}'")
    stage.until("it is told of quotes", lambda: _reason(stage, name) == "InvalidAwsAccess")
    keys.append(stage.aws.new_key())
    stage.set_aws_access(keys[-1])
    stage.until("all is well", lambda: _reason(stage, name) == "AsExpected")
    contents.append(stage.secret(shop).docker_config)
    assert contents[0] != contents[1]

    texts = _texts(stage, name)

    assert all(texts.values())
    for word in _forbidden(stage, keys, contents):
        assert [where for where, text in texts.items() if word in text] == []


def _texts(stage: Stage, name: str) -> dict[str, str]:
    """Collect everything the operator says."""
    pid = stage.operator.process.pid
    return {
        "log": stage.operator.log_text(),
        "events": json.dumps(stage.events(name)),
        "object": json.dumps(stage.credential(name)),
        "metrics": "\n".join(stage.operator.metrics()),
        "arguments": Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8"),
    }


def _forbidden(stage: Stage, keys: list[AccessKey], contents: list[bytes]) -> Iterable[str]:
    """List what must not be said, plain and in base64."""
    kubeconfig = stage.site.control_plane.folder / f"{NAMESPACE}.{SERVICE_ACCOUNT}.kubeconfig"
    token = yaml.safe_load(kubeconfig.read_text())["users"][0]["user"]["token"]
    plain = [token[-START:]]
    for key in keys:
        plain += [key.access_key_id, key.secret_access_key]
    for content in contents:
        auth = json.loads(content)["auths"][HOST]["auth"]
        plain += [auth[:START], base64.b64decode(auth).decode().removeprefix("AWS:")[:START]]
        yield _base64(content)[1000 : 1000 + START]  # amidst the token, as in the Secret's data
    yield from plain
    yield from (_base64(word[: len(word) // 3 * 3].encode()) for word in plain)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _degraded(stage: Stage, name: str) -> bool:
    return stage.condition(name, "Degraded")[0] == "True"


def _reason(stage: Stage, name: str) -> str:
    return stage.condition(name, "Degraded")[1]
