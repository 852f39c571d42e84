"""Keys, tokens and passwords stand in Secrets and nowhere else."""

import base64
import json
import ssl
from collections.abc import Iterable
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import yaml

from ecr_secrets.core.webhook_configuration import NAME as CONFIGURATION
from ecr_secrets.core.webhook_configuration import PATH
from ecr_secrets.webhook.ca_record import parse_record
from ecr_secrets.webhook.ca_secret import DATA_KEY, SECRET_NAME
from ecr_secrets.webhook.pem import load_key
from testbed.aws import faults, nonsense
from testbed.aws.iam import AccessKey
from testbed.operator import NAMESPACE, SERVICE_ACCOUNT
from tests.cluster.canaries import where_said, where_shapes_are_said
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
    assert where_said(_forbidden(stage, keys, contents), texts) == []
    assert where_shapes_are_said(texts) == []


def test_no_private_key_is_in_anything_that_people_read(stage: Stage) -> None:
    """Neither that of an authority nor one like it: through creation, loss and repair.

    Serving certificates have keys that leave the process in no form, so what is searched for is
    whatever looks like a key at all.
    """
    stage.serve(stage.make_namespace("shop"))
    stage.until("there is a record", lambda: bool(_authority_keys(stage)))
    keys = _authority_keys(stage)
    cut = base64.b64encode(_record(stage)[:-200]).decode()
    damaged = {"data": {DATA_KEY: cut}}
    stage.api.merge("Secret", SECRET_NAME, damaged, namespace=NAMESPACE)
    stage.until("it is mended", lambda: not parse_record(_record(stage)).damaged)
    stage.api.delete("Secret", SECRET_NAME, NAMESPACE)
    stage.until("there is a new one", lambda: bool(_authority_keys(stage)))
    keys += _authority_keys(stage)

    texts = _webhook_texts(stage)

    assert all(texts.values())
    words = ("PRIVATE", *(word for key in keys for word in _forms(key)))
    assert where_said(words, texts) == []
    assert where_shapes_are_said(texts) == []


def _record(stage: Stage) -> bytes:
    found = stage.api.find("Secret", SECRET_NAME, NAMESPACE) or {}
    return base64.b64decode(found.get("data", {}).get(DATA_KEY, ""))


def _authority_keys(stage: Stage) -> list[bytes]:
    return [entry.key for entry in parse_record(_record(stage)).entries if entry.key]


def _forms(key: bytes) -> Iterable[str]:
    """List in what forms a key may be said: as PEM, as a number, and that encoded once more."""
    loaded = load_key(key)
    assert loaded
    number = loaded.private_numbers().private_value
    scalar = number.to_bytes(32, "big")
    # In PKCS #8 of a key on P-256, the number stands from byte 36 on: at the end of the first line
    # of PEM and at the beginning of the second.
    first, second = key.decode().splitlines()[1:3]
    yield from (first[48:], second[:24])
    yield from (_base64(second[offset : offset + 21].encode()) for offset in range(3))
    yield from (_base64(scalar[offset : offset + 30]) for offset in range(3))
    yield from (scalar.hex(), scalar.hex(":"), str(number), repr(scalar)[2:-1])


def _webhook_texts(stage: Stage) -> dict[str, str]:
    """Collect everything that is said about the webhook, and by its ports."""
    health, port = stage.operator.health_url, stage.operator.webhook_port
    configuration = stage.api.find("ValidatingWebhookConfiguration", CONFIGURATION)
    return {
        "log": stage.operator.log_text(),
        "events": json.dumps(
            stage.api.list("Event", NAMESPACE) + stage.api.list("Event", "default")
        ),
        "configuration": json.dumps(configuration),
        "metrics": "\n".join(stage.operator.metrics()),
        "health": "".join(_answer(f"{health}/{path}") for path in ("healthz", "readyz", "x")),
        "webhook": "".join(
            _answer(f"https://127.0.0.1:{port}{path}") for path in (PATH, "/", "/x")
        ),
    }


def _answer(url: str) -> str:
    """Ask a port; return status, headers and body of what it says."""
    trusting = ssl._create_unverified_context()  # noqa: S323, SLF001 - what it says is the point
    try:
        with urlopen(url, timeout=5, context=trusting) as answer:  # noqa: S310 - on loopback
            return f"{answer.status} {answer.headers} {answer.read().decode()}"
    except HTTPError as error:
        return f"{error.code} {error.headers} {error.read().decode()}"


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
