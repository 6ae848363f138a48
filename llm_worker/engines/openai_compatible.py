"""Any OpenAI-compatible server: `vllm serve`, llama.cpp's server, a hosted model.

A request that fails is tried again a few times, with growing, jittered waits that honour Retry-After, and then becomes
a reply with `error`. A server that cannot be reached, refuses the key, does not know the model, or asks to wait longer
than `longest_wait` is unavailable as a whole.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from llm_worker.engines.base import EngineUnavailable, Measured, Reply, Request, always
from llm_worker.engines.openai_wire import DIALECTS, read_reply, request_body
from llm_worker.engines.prefix import prefix_order

_TRY_AGAIN = {408, 409, 425, 429, 500, 502, 503, 504}
_WHOLE_SERVER = {401: "refuses the key", 403: "refuses the key", 404: "does not know this address or model"}
_FIRST_WAIT = 1.0
_LOOK_S = 1.0  # how long a call to stop may go unnoticed


class OpenAICompatibleEngine:
    """Speaks to the server at `base_url` (as given to any OpenAI client, usually ending in /v1).

    `concurrency` requests are under way at once; `timeout` is seconds a request; `attempts` counts the first try.
    `transport` replaces the network in tests.
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
        transport: httpx.BaseTransport | None = None,
    ):
        if dialect not in DIALECTS:
            raise ValueError(f"There is no dialect {dialect!r}; there are: {', '.join(DIALECTS)}.")
        self.model = model
        self.base_url = base_url.rstrip("/")
        self.dialect = dialect
        self.concurrency = concurrency
        self.attempts = attempts
        self.longest_wait = longest_wait
        self.max_tokens_field = max_tokens_field
        self._api_key = api_key
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        # A proxy from the environment is for hosted servers; it cannot reach a server on this machine.
        hosted = urlsplit(base_url).hostname not in ("127.0.0.1", "::1", "localhost")
        self._client = httpx.Client(timeout=timeout, headers=headers, transport=transport, trust_env=hosted)
        self._token_ids: dict[tuple[tuple[str, ...], str], list[int] | None] = {}
        self._token_ids_lock = threading.Lock()

    def complete(self, requests: Sequence[Request], go_on: Callable[[], bool] = always) -> Iterator[tuple[int, Reply]]:
        stop = threading.Event()
        pool = ThreadPoolExecutor(max_workers=self.concurrency, thread_name_prefix="engine")
        waiting = {pool.submit(self._answer, requests[index], stop): index for index in prefix_order(requests)}
        try:
            yield from _as_done(waiting, go_on)
        finally:
            # A caller that stops early (a cancelled job), or one request that found the server gone, ends the rest.
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)

    def measure(self, texts: Sequence[str], max_tokens: int | None = None) -> list[Measured]:
        """An estimate of four bytes a token: what the server's tokenizer would say is not asked."""
        return [_estimated(text, max_tokens) for text in texts]

    def close(self) -> None:
        self._client.close()

    def _answer(self, request: Request, stop: threading.Event) -> Reply:
        if stop.is_set():
            raise EngineUnavailable("The requests were called off.")
        started = time.perf_counter()
        try:
            token_ids = self._ids_of(request) if request.allowed and self.dialect == "vllm" else None
            reply = self._ask(request, token_ids, stop)
        except ValueError as error:
            reply = Reply(error=str(error))
        return replace(reply, latency_ms=round((time.perf_counter() - started) * 1000))

    def _ask(self, request: Request, token_ids: list[int] | None, stop: threading.Event) -> Reply:
        body = request_body(request, self.model, self.dialect, token_ids, self.max_tokens_field)
        response = self._post_patiently(f"{self.base_url}/chat/completions", body, stop)
        if isinstance(response, str):
            return Reply(error=response)
        if response.status_code != 200:
            return self._refused_request(response)
        constrained = bool(request.allowed) and self.dialect == "vllm" and token_ids is None
        loose = self.dialect == "openai"
        try:
            reply = read_reply(response.json(), request, constrained, loose)
        except ValueError as error:
            return Reply(error=f"{error} It begins: {self._excerpt(response)}")
        if request.allowed and not loose and not reply.refused and reply.text not in request.allowed:
            return replace(reply, error="The server did not keep to the allowed answers; is its dialect the right one?")
        return reply

    def _post_patiently(self, url: str, body: dict[str, Any], stop: threading.Event) -> httpx.Response | str:
        """The last response, or a sentence where every attempt ended without one."""
        for attempt in range(1, self.attempts + 1):
            last = attempt == self.attempts
            retry_after = None
            try:
                response = self._client.post(url, json=body)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                raise EngineUnavailable(f"The model's server at {self.base_url} cannot be reached: {error}") from error
            except httpx.TimeoutException:
                outcome: httpx.Response | str = f"The server gave no answer in time ({attempt} tries)."
            except httpx.HTTPError as error:
                outcome = f"The connection to the server broke: {error} ({attempt} tries)."
            else:
                self._raise_if_whole_server(response)
                if response.status_code not in _TRY_AGAIN:
                    return response
                outcome = response
                retry_after = _retry_after(response)
                if retry_after is not None and retry_after > self.longest_wait:
                    raise EngineUnavailable(f"The server asks to wait {retry_after:.0f} seconds.", retry_after)
            if last or stop.wait(self._pause(attempt, retry_after)):
                return outcome
        raise ValueError("An engine needs at least one attempt.")

    def _pause(self, attempt: int, retry_after: float | None) -> float:
        backoff = min(self.longest_wait, _FIRST_WAIT * 2 ** (attempt - 1))
        jittered = backoff * random.uniform(0.5, 1.0)
        return jittered if retry_after is None else retry_after + random.uniform(0.0, 0.5)

    def _raise_if_whole_server(self, response: httpx.Response) -> None:
        reason = _WHOLE_SERVER.get(response.status_code)
        if reason:
            raise EngineUnavailable(f"The server at {self.base_url} {reason}: {self._excerpt(response)}")

    def _refused_request(self, response: httpx.Response) -> Reply:
        # Some hosts answer a filtered prompt with an error instead of a finish reason.
        if response.status_code == 400 and _error_code(response) == "content_filter":
            return Reply(finish_reason="content_filter", refused=True)
        return Reply(error=f"The server answered {response.status_code}: {self._excerpt(response)}")

    def _excerpt(self, response: httpx.Response) -> str:
        text = response.text[:300]
        return text.replace(self._api_key, "***") if self._api_key else text

    def _ids_of(self, request: Request) -> list[int] | None:
        """The vLLM server's ids of the answers' tokens behind the prefix; None where the server does not tell.

        Raises ValueError for an answer that is not one token: the constraint would cut it to another answer.
        """
        key = (request.allowed or (), request.answer_prefix)
        with self._token_ids_lock:
            if key not in self._token_ids:
                self._token_ids[key] = self._last_tokens(*key)
            return self._token_ids[key]

    def _last_tokens(self, answers: tuple[str, ...], prefix: str) -> list[int] | None:
        before = self._tokens_of(prefix) if prefix else []
        last = []
        for answer in answers:
            whole = self._tokens_of(prefix + answer)
            if before is None or whole is None:
                return None
            if whole[:-1] != before:
                raise ValueError(f"The answer {answer!r} is not a single token of {self.model}.")
            last.append(whole[-1])
        return last

    def _tokens_of(self, text: str) -> list[int] | None:
        body = {"model": self.model, "prompt": text, "add_special_tokens": False}
        try:
            response = self._client.post(f"{self.base_url.removesuffix('/v1')}/tokenize", json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise EngineUnavailable(f"The model's server at {self.base_url} cannot be reached: {error}") from error
        except httpx.HTTPError:
            return None
        tokens = response.json().get("tokens") if response.status_code == 200 else None
        return tokens if isinstance(tokens, list) and tokens else None


def _as_done(waiting: dict[Future, int], go_on: Callable[[], bool]) -> Iterator[tuple[int, Reply]]:
    """Yield every reply that arrived before the engine was found unavailable, and only then raise."""
    unavailable: EngineUnavailable | None = None
    pending = set(waiting)
    while pending and unavailable is None:
        done, pending = wait(pending, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
        if not go_on():
            pending = {future for future in pending if not future.cancel()}
        for future in done:
            error = future.exception()
            if isinstance(error, EngineUnavailable):
                unavailable = unavailable or error
            elif error is not None:
                yield waiting[future], Reply(error=f"The request failed: {error}")
            else:
                yield waiting[future], future.result()
    if unavailable is not None:
        raise unavailable


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds to wait by the Retry-After header, which holds seconds or a date; None where it says nothing readable."""
    value = response.headers.get("Retry-After", "").strip()
    if value.replace(".", "", 1).isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _error_code(response: httpx.Response) -> str | None:
    try:
        error = response.json().get("error")
    except ValueError:
        return None
    return error.get("code") if isinstance(error, dict) else None


def _estimated(text: str, max_tokens: int | None) -> Measured:
    raw = text.encode()
    tokens = -(-len(raw) // 4)
    if max_tokens is None or tokens <= max_tokens:
        return Measured(text, tokens, tokens, False)
    return Measured(raw[: 4 * max_tokens].decode(errors="ignore"), tokens, max_tokens, False)
