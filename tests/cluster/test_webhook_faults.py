"""Whatever stands where the operator should: pods are created, and within the bound.

The registration is the operator's own, but for the address.
"""

import asyncio
from collections.abc import Callable

import pytest

from ecr_secrets.core.review import allow
from tests.cluster.pods import BOUND, Village
from tests.cluster.stage import Stage
from tests.cluster.stand_in import Behaviour, Conversation, read_question, respond, standing_in

_MIB = 2**20


async def _hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _hang_in_handshake(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(b"\x16\x03\x03\x00\x7a\x02")  # a record of 122 bytes, of which one comes
    await _hang(reader, writer)


async def _hang_after_question(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_question(reader)
    await _hang(reader, writer)


async def _drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    body = allow(await read_question(reader))
    respond(writer, b"", length=len(body))
    for byte in body:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.1)


async def _close_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_question(reader)


async def _close_half_way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    body = allow(await read_question(reader))
    respond(writer, body[: len(body) // 2], length=len(body))


async def _send_60_mb(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_question(reader)
    # Its two seconds are for what is on the wire. What cannot be told from YAML at once, such as
    # text, the API server goes on parsing when they are over: ten seconds for 60 MB.
    respond(writer, b"", length=60 * _MIB)
    for _ in range(60):
        writer.write(b"{" * _MIB)
        await writer.drain()


def _answering(
    body: bytes | Callable[[str], bytes],
    *,
    status: str = "200 OK",
    content_type: str = "application/json",
) -> Conversation:
    """Make a server that has one answer.

    Args:
        body: or what makes it of the uid of the question.
        status: with its phrase.
        content_type: of the body, as it claims.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        uid = await read_question(reader)
        made = body if isinstance(body, bytes) else body(uid)
        respond(writer, made, status=status, content_type=content_type)

    return answer


def _deny_another(uid: str) -> bytes:
    return allow(f"not-{uid}").replace(b"true", b"false")


FAULTS = {
    "refused": Behaviour(None),
    "hanging-after-accept": Behaviour(_hang, tls="none"),
    "hanging-in-handshake": Behaviour(_hang_in_handshake, tls="none"),
    "hanging-before-the-question": Behaviour(_hang),
    "hanging-after-the-question": Behaviour(_hang_after_question),
    "dripping": Behaviour(_drip),
    "closing-without-answer": Behaviour(_close_at_once),
    "closing-half-way": Behaviour(_close_half_way),
    "untrusted": Behaviour(_hang, tls="untrusted"),
    "500": Behaviour(_answering(b"", status="500 Internal Server Error")),
    "503-html": Behaviour(
        _answering(b"<html>", status="503 Service Unavailable", content_type="text/html")
    ),
    "200-html": Behaviour(_answering(b"<html>", content_type="text/html")),
    "redirect": Behaviour(
        _answering(b"", status="307 Temporary Redirect\r\nLocation: https://127.0.0.1:1/")
    ),
    "empty": Behaviour(_answering(b"")),
    "nonsense": Behaviour(_answering(b"\x00\xff{")),
    "another-kind": Behaviour(_answering(b'{"apiVersion": "v1", "kind": "Pod"}')),
    "no-response": Behaviour(
        _answering(b'{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}')
    ),
    "another-question": Behaviour(_answering(lambda uid: allow(f"not-{uid}"))),
    "another-question-denied": Behaviour(_answering(_deny_another)),
    "60-mb": Behaviour(_send_60_mb),
}


@pytest.mark.parametrize(
    "behaviour", [pytest.param(behaviour, id=name) for name, behaviour in FAULTS.items()]
)
async def test_pods_are_created_whatever_answers(stage: Stage, behaviour: Behaviour) -> None:
    """Each fault is met, ignored, and costs a pod no more than the bound."""
    village = Village(stage, "shop")
    (shop,) = village.namespaces
    async with standing_in(village) as stand_in:
        await stand_in.behave(behaviour)
        before = village.unanswered()

        answer = await asyncio.to_thread(village.create, shop)

    assert (answer.status, answer.pod.get("kind")) == (201, "Pod")
    assert village.unanswered() == before + 1
    assert answer.took < BOUND
