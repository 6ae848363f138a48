"""An engine that says what a test told it to say, and remembers what it was asked."""

import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from llm_worker.engines.base import EngineUnavailable, Measured, Reply, Request, always

Answer = Reply | str | EngineUnavailable | Callable[[Request], Reply | str]


class ScriptedEngine:
    """Gives out enqueued answers in the order of the requests, then asks `answer`, then fails the item.

    An answer is a Reply, a reply's text, an EngineUnavailable to raise, or a function of the request that returns one
    of the first two (or raises). `seconds` is slept before each reply. `history` holds every request that was taken up.
    """

    name = "scripted"

    def __init__(self, model: str = "scripted", answer: Answer | None = None, seconds: float = 0.0):
        self.model = model
        self.answer = answer
        self.seconds = seconds
        self.history: list[Request] = []
        self.closed = False
        self._queue: deque[Answer] = deque()

    def enqueue(self, *answers: Answer) -> None:
        """Put answers at the end of the queue."""
        self._queue.extend(answers)

    def complete(self, requests: Sequence[Request], go_on: Callable[[], bool] = always) -> Iterator[tuple[int, Reply]]:
        for index, request in enumerate(requests):
            if not go_on():
                return
            self.history.append(request)
            started = time.perf_counter()
            if self.seconds:
                time.sleep(self.seconds)
            reply = self._reply(request)
            yield index, replace(reply, latency_ms=round((time.perf_counter() - started) * 1000))

    def measure(self, texts: Sequence[str], max_tokens: int | None = None) -> list[Measured]:
        """A word with the space before it is a token."""
        return [_measured(text, max_tokens) for text in texts]

    def close(self) -> None:
        self.closed = True

    def _reply(self, request: Request) -> Reply:
        answer = self._queue.popleft() if self._queue else self.answer
        if answer is None:
            return Reply(error="The script has no answer left.")
        if isinstance(answer, EngineUnavailable):
            raise answer
        if callable(answer):
            answer = answer(request)
        return answer if isinstance(answer, Reply) else Reply(text=answer, finish_reason="stop")


def _measured(text: str, max_tokens: int | None) -> Measured:
    words = re.findall(r"\s*\S+", text)
    kept = words[:max_tokens]
    return Measured(text if len(kept) == len(words) else "".join(kept), len(words), len(kept), True)
