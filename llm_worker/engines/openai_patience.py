"""How an OpenAI-compatible server is asked: again after a passing failure, later when it says so, not at all when told.

One server has one patience: where it answers one request with 429, or names a time in Retry-After, every request of the
same batch waits, instead of each finding out for itself.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from llm_worker.engines.base import EngineUnavailable

_TRY_AGAIN = {408, 409, 425, 429, 500, 502, 503, 504}
_WHOLE_SERVER = {401: "refuses the key", 403: "refuses the key", 404: "does not know this address or model"}
_FIRST_WAIT = 1.0
_SPREAD = 0.5  # so many seconds apart, at most, do those who waited for one moment set out
_LONGEST_RETRY_AFTER = 7 * 24 * 3600.0  # a server that names a later moment means something else
_EXCERPT = 300  # characters


class CalledOff(Exception):
    """The caller wants no more: what is not on the wire is not sent."""


@dataclass(frozen=True)
class Limits:
    """`attempts` counts the first try; `timeout` is seconds for one of them, `longest_wait` seconds between two."""

    attempts: int
    timeout: float
    longest_wait: float


class Gate:
    """Shut for as long as the server asked to be left alone; `halted` opens it for nobody."""

    def __init__(self, halted: asyncio.Event):
        self._halted = halted
        self._opens_at = 0.0

    def shut(self, seconds: float) -> None:
        """Hold everyone back for so many seconds from now; a longer wait that was named before stays."""
        self._opens_at = max(self._opens_at, _now() + seconds)

    async def passed(self) -> None:
        """Return once the gate is open. Raises CalledOff where nothing more is to be sent."""
        while (left := self._opens_at - _now()) > 0:
            await self.waited(left + random.uniform(0.0, min(_SPREAD, left)))
        if self._halted.is_set():
            raise CalledOff

    async def waited(self, seconds: float) -> None:
        """Return after so many seconds. Raises CalledOff as soon as nothing more is to be sent."""
        try:
            async with asyncio.timeout(seconds):
                await self._halted.wait()
        except TimeoutError:
            return
        raise CalledOff


class PatientClient:
    """The requests of one batch to one server. `shown` takes what must not be printed out of a text."""

    def __init__(self, client: httpx.AsyncClient, server: str, limits: Limits, gate: Gate, shown: Callable[[str], str]):
        self._client = client
        self._server = server
        self._limits = limits
        self._gate = gate
        self._shown = shown

    async def post(self, url: str, body: dict[str, Any]) -> httpx.Response | str:
        """The last response, or a sentence where every attempt ended without one.

        Raises EngineUnavailable where the whole server cannot be used, CalledOff where the caller wants no more.
        """
        last: httpx.Response | str = "An engine needs at least one attempt."
        for attempt in range(1, self._limits.attempts + 1):
            await self._gate.passed()
            last = await self._attempt(url, body, attempt)
            if isinstance(last, httpx.Response) and last.status_code not in _TRY_AGAIN:
                return last
            pause = self._pause(attempt, last)
            if attempt < self._limits.attempts:
                await self._gate.waited(pause)
        return last

    def excerpt(self, response: httpx.Response) -> str:
        """The beginning of what the server said."""
        # Cut last: half a key is no longer found.
        return self._shown(response.text)[:_EXCERPT]

    async def _attempt(self, url: str, body: dict[str, Any], attempt: int) -> httpx.Response | str:
        try:
            # The client's own limits are for the silence between two bytes; this one is for the whole.
            async with asyncio.timeout(self._limits.timeout):
                return await self._client.post(url, json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            reason = self._shown(str(error)) or type(error).__name__
            raise EngineUnavailable(f"The model's server at {self._server} cannot be reached: {reason}") from None
        except (httpx.TimeoutException, TimeoutError):
            return f"The server gave no answer in time ({attempt} tries)."
        except httpx.HTTPError as error:
            reason = self._shown(str(error)) or type(error).__name__
            return f"The connection to the server broke: {reason} ({attempt} tries)."

    def raise_if_whole_server(self, response: httpx.Response) -> None:
        """Raise EngineUnavailable where the answer says that no other request would fare better."""
        reason = _WHOLE_SERVER.get(response.status_code)
        if reason:
            raise EngineUnavailable(f"The server at {self._server} {reason}: {self.excerpt(response)}")

    def _pause(self, attempt: int, answer: httpx.Response | str) -> float:
        """Seconds until the next attempt: what the server asked for, else doubled each time; never the same for two.

        What the server says of itself, and not of this one request, shuts the gate for all.
        """
        backoff = min(self._limits.longest_wait, _FIRST_WAIT * 2 ** (attempt - 1)) * random.uniform(0.5, 1.0)
        if not isinstance(answer, httpx.Response):
            return backoff
        asked_for = retry_after(answer)
        if asked_for is not None and asked_for > self._limits.longest_wait:
            raise EngineUnavailable(f"The server asks to wait {asked_for:.0f} seconds.", asked_for)
        if asked_for is not None:
            self._gate.shut(asked_for)
            return asked_for + random.uniform(0.0, _SPREAD)
        if answer.status_code == 429:
            self._gate.shut(backoff)
        return backoff


async def at_most(
    count: int, items: Iterable[int], handle: Callable[[int], Awaitable[None]], halted: asyncio.Event
) -> None:
    """Await `handle(item)` for each item in their order, `count` at once, until `halted`.

    Those under way then still come to their end, unless they raise CalledOff. The first EngineUnavailable halts the
    rest and is raised after the last.
    """
    left = iter(items)
    unavailable: list[EngineUnavailable] = []

    async def hand() -> None:
        for item in left:
            if halted.is_set():
                return
            try:
                await handle(item)
            except CalledOff:
                return
            except EngineUnavailable as error:
                unavailable.append(error)
                halted.set()

    await asyncio.gather(*(hand() for _ in range(count)))
    if unavailable:
        raise unavailable[0]


def retry_after(response: httpx.Response) -> float | None:
    """Seconds to wait by the Retry-After header, which holds seconds or a date; None where it says nothing readable."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.replace(".", "", 1).isdigit():
        return min(float(value), _LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - datetime.now(UTC)).total_seconds()), _LONGEST_RETRY_AFTER)


def _now() -> float:
    return asyncio.get_running_loop().time()
