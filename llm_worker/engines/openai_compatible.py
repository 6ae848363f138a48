"""Any OpenAI-compatible server: `vllm serve`, llama.cpp's server, a hosted model.

Some requests are under way at once, on an event loop in a thread of its own. One that fails is tried again a few times,
with growing, jittered waits that honour Retry-After, and then becomes a reply with `error`. A server that cannot be
reached, refuses the key, does not know the model, or asks to wait longer than `longest_wait` is unavailable as a whole.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx

from llm_worker.engines.background import delivered
from llm_worker.engines.base import EngineUnavailable, Measured, Reply, Request, always
from llm_worker.engines.openai_patience import CalledOff, Gate, Limits, PatientClient, at_most
from llm_worker.engines.openai_tokens import AnswerIds, ServerTokens
from llm_worker.engines.openai_wire import DIALECTS, error_code, read_reply, request_body
from llm_worker.engines.prefix import prefix_order

_CONNECT_S = 10.0


class _Line(NamedTuple):
    """What the requests of one batch share."""

    client: PatientClient
    tokens: ServerTokens
    halted: asyncio.Event
    one_asks_for_ids: asyncio.Lock


class OpenAICompatibleEngine:
    """Speaks to the server at `base_url` (as given to any OpenAI client, usually ending in /v1).

    `concurrency` requests are under way at once; `timeout` is seconds a try; `attempts` counts the first try.
    `transport` replaces the network in tests. The key is in no error and no representation.
    """

    name = "openai"

    def __init__(
        self,
        model: str,
        base_url: str,
        *,
        api_key: str | None = None,
        dialect: str = "openai",
        concurrency: int = 4,
        timeout: float = 120.0,
        attempts: int = 4,
        longest_wait: float = 30.0,
        max_tokens_field: str = "max_tokens",
        transport: httpx.AsyncBaseTransport | None = None,
    ):
        if dialect not in DIALECTS:
            raise ValueError(f"There is no dialect {dialect!r}; there are: {', '.join(DIALECTS)}.")
        if concurrency < 1 or attempts < 1:
            raise ValueError("An engine needs at least one attempt, and one request at a time.")
        self.model = model
        self.base_url = base_url.rstrip("/")
        self.dialect = dialect
        self.concurrency = concurrency
        self.max_tokens_field = max_tokens_field
        self._limits = Limits(attempts, timeout, longest_wait)
        self._api_key = _usable_key(api_key)
        self._server = _without_login(self.base_url)
        self._transport = transport
        self._answer_ids = AnswerIds(model)

    def complete(self, requests: Sequence[Request], go_on: Callable[[], bool] = always) -> Iterator[tuple[int, Reply]]:
        async def work(deliver: Callable[[tuple[int, Reply]], None], halted: asyncio.Event) -> None:
            async with self._http() as http:
                line = self._line(http, halted)

                async def answer(index: int) -> None:
                    deliver((index, await self._answer(requests[index], line)))

                await at_most(self.concurrency, prefix_order(requests), answer, halted)

        yield from delivered(work, go_on)

    def measure(self, texts: Sequence[str], max_tokens: int | None = None) -> list[Measured]:
        """By the server's tokenizer; by a careful estimate where it has none to ask.

        Raises EngineUnavailable where the server cannot be reached or its tokenizer fails.
        """

        async def work(deliver: Callable[[tuple[int, Measured]], None], halted: asyncio.Event) -> None:
            async with self._http() as http:
                line = self._line(http, halted)

                async def measure(index: int) -> None:
                    try:
                        deliver((index, await line.tokens.measured(texts[index], max_tokens)))
                    except ValueError as error:
                        raise EngineUnavailable(f"The server's tokenizer failed. {error}") from None

                await at_most(self.concurrency, range(len(texts)), measure, halted)

        found = dict(delivered(work))
        return [found[index] for index in range(len(texts))]

    def close(self) -> None:
        """Nothing is held between two batches."""

    def _http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            headers={"Authorization": f"Bearer {self._api_key}"} if self._api_key else {},
            timeout=httpx.Timeout(None, connect=min(_CONNECT_S, self._limits.timeout)),
            limits=httpx.Limits(max_connections=self.concurrency),
            transport=self._transport,
            # A proxy from the environment is for hosted servers; it cannot reach a server on this machine.
            trust_env=urlsplit(self.base_url).hostname not in ("127.0.0.1", "::1", "localhost"),
        )

    def _line(self, http: httpx.AsyncClient, halted: asyncio.Event) -> _Line:
        client = PatientClient(http, self._server, self._limits, Gate(halted), self._shown)
        tokens = ServerTokens(client, self.base_url, self.model, self.dialect)
        return _Line(client, tokens, halted, asyncio.Lock())

    async def _answer(self, request: Request, line: _Line) -> Reply:
        started = time.perf_counter()
        try:
            reply = await self._ask(request, line)
        except (EngineUnavailable, CalledOff):
            raise
        except ValueError as error:
            reply = Reply(error=self._shown(str(error)))
        except Exception as error:  # one request's trouble, whatever it is, costs no other its reply
            reply = Reply(error=self._shown(f"The request failed: {type(error).__name__}: {error}"))
        return replace(reply, latency_ms=round((time.perf_counter() - started) * 1000))

    async def _ask(self, request: Request, line: _Line) -> Reply:
        token_ids = None
        if request.allowed and self.dialect == "vllm":
            token_ids = await self._answer_ids.of(
                request.allowed, request.answer_prefix, line.tokens, line.one_asks_for_ids
            )
        body = request_body(request, self.model, self.dialect, token_ids, self.max_tokens_field)
        response = await line.client.post(f"{self.base_url}/chat/completions", body)
        if isinstance(response, str):
            return Reply(error=response)
        line.client.raise_if_whole_server(response)
        if response.status_code != 200:
            return _refused_request(response, line.client.excerpt(response))
        constrained = bool(request.allowed) and self.dialect == "vllm" and token_ids is None
        loose = self.dialect == "openai"
        try:
            return read_reply(response.json(), request, constrained, loose)
        except (ValueError, RecursionError):
            return Reply(
                error=f"The server's answer is not a chat completion. It begins: {line.client.excerpt(response)}"
            )

    def _shown(self, text: str) -> str:
        return text.replace(self._api_key, "***") if self._api_key else text


def _refused_request(response: httpx.Response, excerpt: str) -> Reply:
    # Some hosts answer a filtered prompt with an error instead of a finish reason.
    if response.status_code == 400 and error_code(response.content) == "content_filter":
        return Reply(finish_reason="content_filter", refused=True)
    return Reply(error=f"The server answered {response.status_code}: {excerpt}")


def _usable_key(key: str | None) -> str:
    """The key without the spaces around it. Raises EngineUnavailable for one that no header can carry: a client would
    print it in its complaint."""
    key = (key or "").strip()
    if not (key.isascii() and key.isprintable()):
        raise EngineUnavailable("The server's key holds characters that no HTTP header can carry.")
    return key


def _without_login(url: str) -> str:
    """The address as it may be shown: without the user and password that it may carry."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("The address of the server must begin with http:// or https:// and name a machine")
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
