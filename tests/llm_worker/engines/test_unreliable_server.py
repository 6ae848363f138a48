"""A server on a real socket that fails in every way: each request ends once, and none takes another with it."""

import contextlib
import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from llm_worker.engines import EngineUnavailable, Message, Parameters, Request, background, openai_patience
from llm_worker.engines.openai_compatible import OpenAICompatibleEngine

KEY = "sk-never-to-be-seen"


class Server(ThreadingHTTPServer):
    """Answers each prompt by its first word, the misbehaviour wanted; `seen` counts how often each was asked."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answers)
        self.seen: Counter[str] = Counter()
        self.lock = threading.Lock()
        self.let_go = threading.Event()
        self.under_way = self.most_under_way = 0
        self.keys: set[str | None] = set()

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self):
        prompt = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"][0]["content"]
        with self.server.lock:
            self.server.seen[prompt] += 1
            times = self.server.seen[prompt]
            self.server.keys.add(self.headers["Authorization"])
            self.server.under_way += 1
            self.server.most_under_way = max(self.server.most_under_way, self.server.under_way)
        try:
            getattr(self, prompt.split()[0])(prompt, times)
        finally:
            with self.server.lock:
                self.server.under_way -= 1

    def good(self, prompt, times):
        choice = {"message": {"role": "assistant", "content": f"answer to {prompt}"}, "finish_reason": "stop"}
        self.say(200, json.dumps({"choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}))

    def slow(self, prompt, times):
        time.sleep(0.3)
        self.good(prompt, times)

    def limited(self, prompt, times):
        if times == 1:
            self.say(429, "slow down", {"Retry-After": "0.2"})
        else:
            self.good(prompt, times)

    def limited_for_long(self, prompt, times):
        self.say(429, "come back later", {"Retry-After": "900"})

    def flaky(self, prompt, times):
        self.say(500, "out of order") if times == 1 else self.good(prompt, times)

    def broken(self, prompt, times):
        self.say(500, f"out of order, {self.headers['Authorization']}")

    def hanging(self, prompt, times):
        self.server.let_go.wait(20)

    def dripping(self, prompt, times):
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        with contextlib.suppress(OSError):
            while not self.server.let_go.wait(0.05):
                self.wfile.write(b" ")
                self.wfile.flush()
        self.close_connection = True

    def garbage(self, prompt, times):
        self.say(200, b"\xff\xfe<html>\x00 no JSON " + KEY.encode())

    def strange(self, prompt, times):
        self.say(200, json.dumps({"choices": [{"message": {"content": {"no": "text"}}}]}))

    def half(self, prompt, times):
        self.say(200, '{"choices": [{"message": {"content": "##final sc')

    def short(self, prompt, times):
        self.send_response(200)
        self.send_header("Content-Length", "500")
        self.end_headers()
        self.wfile.write(b'{"choices": [')
        self.close_connection = True

    def closing(self, prompt, times):
        self.close_connection = True

    def say(self, status, body, headers=None):
        body = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, *args):
        """Nothing on the screen."""


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.let_go.set()
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(openai_patience, "_FIRST_WAIT", 0.01)
    monkeypatch.setattr(openai_patience, "_SPREAD", 0.02)
    monkeypatch.setattr(background, "LOOK_S", 0.05)


def engine_for(server, **options):
    options = {"concurrency": 4, "attempts": 2, "timeout": 0.6, "api_key": KEY} | options
    return OpenAICompatibleEngine("m", server.base_url, **options)


def asking(prompt):
    return Request((Message("user", prompt),), Parameters(5))


LISTED = {
    "broken": "500",
    "hanging": "no answer in time",
    "dripping": "no answer in time",
    "garbage": "not a chat completion",
    "strange": "not a chat completion",
    "half": "not a chat completion",
    "short": "connection to the server broke",
    "closing": "connection to the server broke",
}


def test_each_request_ends_as_one_reply_or_one_error_and_no_other_is_lost(server):
    prompts = [f"{kind} {number}" for number in range(3) for kind in ("good", "limited", "flaky", *LISTED)]

    replies = list(engine_for(server).complete([asking(prompt) for prompt in prompts]))

    assert sorted(index for index, _ in replies) == list(range(len(prompts)))
    for index, reply in replies:
        kind = prompts[index].split()[0]
        if kind in LISTED:
            assert LISTED[kind] in reply.error, kind
            assert reply.text == ""
        else:
            assert (reply.text, reply.error) == (f"answer to {prompts[index]}", None)
    # What was answered is never asked for again, and nothing more often than allowed.
    assert all(server.seen[prompt] == 1 for prompt in prompts if prompt.split()[0] in ("good", "garbage", "half"))
    assert max(server.seen.values()) == 2


@pytest.mark.parametrize("concurrency", [1, 3])
def test_no_more_connections_are_used_than_allowed(server, concurrency):
    prompts = [f"{kind} {number}" for number in range(3) for kind in ("slow", "limited", "flaky", "broken")]

    list(engine_for(server, concurrency=concurrency).complete([asking(prompt) for prompt in prompts]))

    assert server.most_under_way == concurrency


def test_the_key_goes_to_the_server_and_into_no_error(server):
    prompts = ["broken 1", "garbage 1"]
    replies = [reply for _, reply in engine_for(server).complete([asking(prompt) for prompt in prompts])]

    assert server.keys == {f"Bearer {KEY}"}
    assert all("***" in reply.error and KEY not in reply.error for reply in replies)
    assert KEY not in repr(engine_for(server))


def test_a_call_to_stop_drops_what_is_not_begun_and_keeps_what_is_on_the_wire(server):
    prompts = [f"slow {number}" for number in range(10)]
    wanted = iter([True, True])  # before anything, and with the first reply at hand: the next question is answered no

    replies = list(
        engine_for(server, concurrency=2).complete([asking(prompt) for prompt in prompts], lambda: next(wanted, False))
    )

    assert len(server.seen) == len(replies) <= 6
    assert all(reply.error is None for _, reply in replies)


def test_a_call_to_stop_drops_waits_between_two_attempts(server, monkeypatch):
    monkeypatch.setattr(openai_patience, "_FIRST_WAIT", 25.0)
    began = time.monotonic()
    asked = []

    def go_on():
        asked.append(threading.get_ident())
        return server.seen["broken 0"] == 0 or server.under_way > 0

    replies = list(engine_for(server, attempts=3).complete([asking("broken 0")], go_on))

    assert replies == []
    assert server.seen["broken 0"] == 1
    assert time.monotonic() - began < 10
    assert set(asked) == {threading.get_ident()}


def test_a_call_to_stop_is_heard_while_nothing_comes(server):
    asked = []

    def go_on():
        asked.append(time.monotonic())
        return len(asked) < 4

    replies = dict(
        engine_for(server, concurrency=1, attempts=3).complete([asking("hanging 0"), asking("slow 1")], go_on)
    )

    # The one on the wire gets its time and no second attempt, the other is not begun.
    assert replies == {}
    assert server.seen == {"hanging 0": 1}


def test_nothing_is_asked_where_nothing_is_wanted(server):
    assert list(engine_for(server).complete([asking("good 0")], lambda: False)) == []
    assert not server.seen


def test_a_caller_that_leaves_ends_all_at_once(server):
    prompts = ["good 0", *(f"hanging {number}" for number in range(6))]
    replies = engine_for(server, concurrency=2, timeout=15.0).complete([asking(prompt) for prompt in prompts])

    assert next(replies)[1].text == "answer to good 0"
    began = time.monotonic()
    replies.close()

    assert time.monotonic() - began < 5
    assert len(server.seen) <= 3
    assert not [thread for thread in threading.enumerate() if thread.name == "engine"]


def test_a_call_to_stop_that_fails_is_the_callers_error_and_leaves_nothing_behind(server):
    def go_on():
        if server.seen:
            raise LookupError("The job is gone.")
        return True

    with pytest.raises(LookupError):
        list(engine_for(server, timeout=15.0).complete([asking("hanging 0")], go_on))
    assert not [thread for thread in threading.enumerate() if thread.name == "engine"]


def test_what_was_on_the_wire_is_kept_when_the_server_asks_for_a_long_wait(server):
    engine = engine_for(server, concurrency=2)
    kept = []

    with pytest.raises(EngineUnavailable) as caught:
        for index, _ in engine.complete([asking("limited_for_long"), asking("slow 1"), asking("slow 2")]):
            kept.append(index)

    assert caught.value.retry_after == 900
    assert kept == [1]
    assert server.seen["slow 2"] == 0


@pytest.mark.parametrize("key", ["sk-two\nlines", "sk-ünique"])
def test_a_key_that_no_header_can_carry_is_refused_unprinted(key):
    with pytest.raises(EngineUnavailable) as caught:
        OpenAICompatibleEngine("m", "http://127.0.0.1:9/v1", api_key=key)
    assert "sk-" not in str(caught.value)


def test_a_line_end_behind_the_key_is_no_part_of_it(server):
    ((_, reply),) = engine_for(server, api_key=f"{KEY}\n").complete([asking("good 0")])

    assert reply.error is None
    assert server.keys == {f"Bearer {KEY}"}
