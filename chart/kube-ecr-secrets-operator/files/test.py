"""Asks a release whether it works, through its Service: `helm test` runs this in a pod.

Arguments: the name of the Service, then `health=`, `metrics=` and `webhook=` with their ports.
"""

import ssl
import sys
import time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

PATIENCE = 60  # seconds
ANSWER = 5  # seconds


def health(address: str) -> str | None:
    """Return what is wrong with the operator; None: it is ready."""
    with urlopen(f"http://{address}/readyz", timeout=ANSWER) as answer:
        return None if answer.status == 200 else f"/readyz answers {answer.status}"


def metrics(address: str) -> str | None:
    """Return what is wrong with the metrics; None: they are there."""
    with urlopen(f"http://{address}/metrics", timeout=ANSWER) as answer:
        return None if b"ecr_secrets_leader" in answer.read() else "the metrics are not ours"


def webhook(address: str) -> str | None:
    """Return what is wrong with the webhook; None: it serves, and refuses what is no review."""
    trusting = ssl.create_default_context()
    # Who verifies the certificate is the API server, which alone is told the authority.
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    request = Request(f"https://{address}/validate-pods", data=b"{}", method="POST")
    try:
        with urlopen(request, timeout=ANSWER, context=trusting) as answer:  # noqa: S310 - https
            return f"what is no review is answered with {answer.status}"
    except HTTPError as error:
        return None if error.code == 400 else f"what is no review is answered with {error.code}"


CHECKS = {"health": health, "metrics": metrics, "webhook": webhook}


def check(name: str, address: str, patience: float) -> str | None:
    """Return what is wrong after some patience, in seconds; None: nothing."""
    deadline = time.monotonic() + patience
    while True:
        try:
            problem = CHECKS[name](address)
        except OSError as error:
            problem = f"no answer from {address}: {error}"
        if problem is None or time.monotonic() > deadline:
            return problem
        time.sleep(1)  # nothing tells a client when a server is up


def main(host: str, *ports: str, patience: float = PATIENCE) -> int:
    """Check each port, say how it went, and return how many failed."""
    failed = 0
    for name, _, port in (each.partition("=") for each in ports):
        problem = check(name, f"{host}:{port}", patience)
        print(f"{name}: {problem or 'ok'}", flush=True)  # noqa: T201 - `helm test --logs` shows it
        failed += problem is not None
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
