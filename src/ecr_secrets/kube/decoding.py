"""Reads the body of a successful answer into the type that was asked for.

JSON that is broken is an answer that did not arrive whole: worth another try. JSON that is whole
but something else than expected will be so again, so it counts as a refusal.
"""

from dataclasses import dataclass
from typing import TypeVar

import msgspec

from ecr_secrets.errors import RejectedError, UnavailableError
from ecr_secrets.kube.call import Call

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of a list."""

    items: tuple[msgspec.Raw, ...]  # each with memory of its own: keeping one keeps no page
    resource_version: str
    continue_token: str  # "": this was the last page


class _ListMeta(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    continue_: str = msgspec.field(name="continue", default="")


class _List(msgspec.Struct):
    metadata: _ListMeta
    items: tuple[msgspec.Raw, ...] | None  # null: what Go writes for none; absent: no list


def decode_answer(body: bytes, call: Call, *, into: type[T]) -> T:
    """Read one object.

    Raises:
        RejectedError: it is not of that type.
        UnavailableError: it is not even JSON.
    """
    try:
        return msgspec.json.decode(body, type=into)
    except msgspec.ValidationError as error:
        raise RejectedError(f"{call.asked}: unexpected answer{_where(error)}") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise UnavailableError(f"{call.asked}: the answer is not JSON") from None


def decode_page(body: bytes, call: Call) -> Page:
    """Read one page of a list, its items undecoded.

    Raises:
        RejectedError: it is not a list.
        UnavailableError: it is not even JSON.
    """
    page = decode_answer(body, call, into=_List)
    return Page(
        items=tuple(item.copy() for item in page.items or ()),
        resource_version=page.metadata.resource_version,
        continue_token=page.metadata.continue_,
    )


def _where(error: msgspec.ValidationError) -> str:
    """Say where it differs, without the value found there."""
    _, at, path = str(error).rpartition(" - at ")
    return f" at {path}" if at else ""
