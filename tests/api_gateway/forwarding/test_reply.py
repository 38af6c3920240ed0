"""The reader of answers: the same facts however the bytes are cut, and never a whole answer out of a broken one."""

from dataclasses import dataclass

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_gateway.forwarding.errors import UpstreamInvalidError
from api_gateway.forwarding.http_client.reply import MAX_FIELDS, MAX_HEAD_BYTES, Reply

OK = b"HTTP/1.1 200 OK\r\n"


@dataclass(frozen=True)
class Facts:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def read(data: bytes, cuts: list[int] | None = None, method: str = "GET", *, earlier: bytes = b"") -> Reply:
    """Feeds the bytes in the given pieces.

    Args:
        earlier: a whole answer that came before on the same connection.
    """
    if earlier:
        reply = read(earlier)
        assert reply.complete
        assert reply.keep_alive
        reply.take()
        reply.expect(method)
    else:
        reply = Reply(method)
    at = 0
    for end in [*sorted(cut % (len(data) + 1) for cut in cuts or []), len(data)]:
        if end > at:
            reply.feed(data[at:end])
            at = end
    return reply


def facts(reply: Reply) -> Facts | None:
    return Facts(reply.status, reply.headers, reply.take()) if reply.complete and not reply.surplus else None


def as_h11_reads(data: bytes) -> Facts | None:
    """The oracle: what h11 makes of the bytes, None when it is no whole answer and nothing else."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("host", "a")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    head: h11.Response | None = None
    body = b""
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                break
            elif event is h11.NEED_DATA or event is h11.PAUSED:
                return None
    except h11.RemoteProtocolError:
        return None
    assert head is not None
    # Empty lines after an answer are nothing yet (RFC 9112 §2.2).
    is_alone = not connection.trailing_data[0].strip(b"\r\n")
    return Facts(head.status_code, list(head.headers), body) if is_alone else None


names = st.sampled_from([b"etag", b"x", b"location", b"content-type", b"retry-after", b"set-cookie"])
values = st.sampled_from([b"", b'"7"', b"text/plain; charset=utf-8", b"a, b", b"0", b"caf\xe9", b"x" * 100])
bodies = st.binary(max_size=300)
statuses = st.sampled_from([200, 201, 202, 301, 400, 404, 422, 500, 503])


@st.composite
def answers(draw: st.DrawFn) -> tuple[bytes, Facts]:
    """A well-formed answer, and what is in it."""
    status, body = draw(statuses), draw(bodies)
    headers = draw(st.lists(st.tuples(names, values), max_size=8))
    if draw(st.booleans()):
        framing = (b"content-length", b"%d" % len(body))
        sent = body
    else:
        framing = (b"transfer-encoding", b"chunked")
        pieces = draw(st.lists(st.integers(1, 50), max_size=6))
        sent, rest = b"", body
        for size in pieces:
            piece, rest = rest[:size], rest[size:]
            sent += b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b""
        sent += (b"%X;ext=1\r\n%b\r\n" % (len(rest), rest) if rest else b"") + b"0\r\n\r\n"
    headers.insert(draw(st.integers(0, len(headers))), framing)
    head = b"HTTP/1.1 %d X\r\n" % status + b"".join(b"%b: %b\r\n" % h for h in headers)
    return head + b"\r\n" + sent, Facts(status, headers, body)


earlier_ones = st.just(b"") | answers().map(lambda answer: answer[0])


@given(answers(), st.lists(st.integers(0, 2000), max_size=10), earlier_ones)
def test_an_answer_is_read_the_same_however_it_is_cut_and_whatever_came_before(
    answer: tuple[bytes, Facts], cuts: list[int], earlier: bytes
) -> None:
    data, expected = answer
    reply = read(data, cuts, earlier=earlier)
    assert reply.keep_alive
    assert facts(reply) == expected


@given(answers(), st.integers(0, 2000), earlier_ones)
def test_a_part_of_an_answer_is_never_whole(answer: tuple[bytes, Facts], cut: int, earlier: bytes) -> None:
    data, _ = answer
    reply = read(data[: cut % len(data)], earlier=earlier)
    assert not reply.complete


@given(answers(), st.binary(min_size=1, max_size=50), st.lists(st.integers(0, 2000), max_size=5), earlier_ones)
def test_bytes_after_an_answer_are_seen_and_not_taken_for_it(
    answer: tuple[bytes, Facts], more: bytes, cuts: list[int], earlier: bytes
) -> None:
    data, expected = answer
    reply = read(data + more, cuts, earlier=earlier)
    assert reply.complete
    assert (reply.status, reply.headers, reply.take()) == (expected.status, expected.headers, expected.body)
    # Line ends alone may precede a next answer (RFC 9112 §2.2): there is nothing in them yet.
    assert reply.surplus or not more.strip(b"\r\n")


@settings(max_examples=300)
@given(
    answers(),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 3), st.binary(max_size=3)), min_size=1, max_size=4),
    earlier_ones,
)
def test_what_we_take_for_an_answer_h11_takes_for_the_same(
    answer: tuple[bytes, Facts], damages: list[tuple[int, int, bytes]], earlier: bytes
) -> None:
    """We may be stricter than h11, never looser; where both read an answer, they read the same."""
    data = answer[0]
    for at, length, replacement in damages:
        start = at % (len(data) + 1)
        data = data[:start] + replacement + data[start + length :]
    try:
        reply = read(data, earlier=earlier)
    except UpstreamInvalidError:
        return
    ours = facts(reply)
    theirs = as_h11_reads(data)
    if ours is not None:
        assert theirs is not None
        assert ours.status == theirs.status
        assert ours.body == theirs.body


def test_a_head_without_end_is_refused() -> None:
    with pytest.raises(UpstreamInvalidError):
        read(OK + b"x: " + b"a" * MAX_HEAD_BYTES)
    with pytest.raises(UpstreamInvalidError):
        read(b"HTTP/1.1 100 Continue\r\n\r\n" * 4000)
    with pytest.raises(UpstreamInvalidError):
        read(OK + b"x: 1\r\n" * (MAX_FIELDS + 2))


def test_trailers_are_read_over() -> None:
    reply = read(OK + b"transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-late: 1\r\n\r\n")
    assert facts(reply) == Facts(200, [(b"transfer-encoding", b"chunked")], b"ok")


@pytest.mark.parametrize("status", [204, 304])
def test_some_answers_have_no_body_whatever_they_say(status: int) -> None:
    reply = read(b"HTTP/1.1 %d X\r\ncontent-length: 5\r\n\r\n" % status)
    assert reply.complete
    assert reply.take() == b""


def test_an_answer_to_head_ends_with_its_head() -> None:
    reply = read(OK + b"content-length: 5\r\n\r\n", method="HEAD")
    assert reply.complete
    assert not reply.surplus
    reply.feed(b"hello")
    assert reply.surplus
    assert reply.take() == b""


def test_a_connection_that_closes_is_not_kept() -> None:
    assert not read(OK + b"connection: close\r\ncontent-length: 0\r\n\r\n").keep_alive
    assert not read(b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n").keep_alive
    assert not read(OK + b"content-length: 5\r\n\r\n", method="HEAD").keep_alive
