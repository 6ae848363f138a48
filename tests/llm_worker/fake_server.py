"""A small OpenAI-compatible server on the loopback that misbehaves as a test tells it, and counts what it was asked."""

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GOOD = {
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "##final score: 1"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 100, "completion_tokens": 10},
}


class FakeServer:
    """`faults(pair, attempt)` names what goes wrong: 429, 500, "hang", "garbage", "half", or None for a good reply.

    A pair is (number of the topic, number of the passage), read from the prompt. `asked` and `answered` count by pair.
    """

    def __init__(self, faults: Callable = lambda pair, attempt: None, seconds: float = 0.0):
        self.faults, self.seconds = faults, seconds
        self.asked: Counter = Counter()
        self.answered: Counter = Counter()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                with suppress(BrokenPipeError, ConnectionResetError):
                    server._reply(self, body)

            def log_message(self, *_):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True

    def __enter__(self):
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._http.shutdown()
        self._http.server_close()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def _reply(self, handler, body: str) -> None:
        pair = (int(re.findall(r"question (\d+)", body)[-1]), int(re.findall(r"Passage (\d+)\.", body)[-1]))
        with self._lock:
            self.asked[pair] += 1
            attempt = self.asked[pair]
        fault = self.faults(pair, attempt)
        time.sleep(self.seconds)
        if fault == "hang":
            self._ended.wait(30)
        elif isinstance(fault, int):
            _send(handler, fault, '{"error": {"message": "not now"}}')
        elif fault == "garbage":
            _send(handler, 200, "<html>This is not what you asked for.")
        elif fault == "half":
            _send(handler, 200, json.dumps(GOOD)[:60])
        else:
            with self._lock:
                self.answered[pair] += 1
            _send(handler, 200, json.dumps(GOOD))


def _send(handler, status: int, text: str) -> None:
    handler.send_response(status)
    if status == 429:
        handler.send_header("Retry-After", "1")
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(text.encode())))
    handler.end_headers()
    handler.wfile.write(text.encode())
