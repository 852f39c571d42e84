"""How a stream is cut into lines."""

import pytest

from ecr_secrets.kube.lines import LineBuffer


@pytest.mark.parametrize(
    ("pieces", "expected", "pending"),
    [
        pytest.param([b"one\n"], [b"one"], False, id="whole"),
        pytest.param([b"o", b"n", b"e", b"\n"], [b"one"], False, id="byte-by-byte"),
        pytest.param([b"one\ntwo\nth", b"ree\n"], [b"one", b"two", b"three"], False, id="several"),
        pytest.param([b"one\r\n\n \n"], [b"one\r"], False, id="blank-ones-left-out"),
        pytest.param([b"one\ntw"], [b"one"], True, id="incomplete"),
    ],
)
def test_lines_come_out_whole(pieces: list[bytes], expected: list[bytes], pending: bool) -> None:
    """However the network cuts them, each line comes out once and complete."""
    buffer = LineBuffer(limit=100)

    lines = [line for piece in pieces for line in buffer.feed(piece)]

    assert (lines, buffer.pending) == (expected, pending)


@pytest.mark.parametrize(
    ("size", "accepted"),
    [
        pytest.param(9, True, id="below-the-limit"),
        pytest.param(10, True, id="at-the-limit"),
        pytest.param(11, False, id="above-the-limit"),
    ],
)
def test_no_line_grows_without_bound(size: int, accepted: bool) -> None:
    """A server that never ends its line cannot fill our memory."""
    buffer = LineBuffer(limit=10)

    try:
        lines = [line for _ in range(size) for line in buffer.feed(b"x")]
    except OverflowError:
        assert not accepted
    else:
        assert accepted
        assert lines == []
