"""The narrow interface between the worker and anything that can run a language model.

A batch of requests goes in; replies come out one by one, each with the index of its request, so that a caller can store
every reply as it comes. What goes wrong with one request is a reply with `error`; only a whole engine that cannot work
raises `EngineUnavailable`. No caller knows which engine it has.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol


@dataclass(frozen=True)
class Message:
    """One turn of a conversation; `role` is "system", "user" or "assistant"."""

    role: str
    content: str


@dataclass(frozen=True)
class Parameters:
    """How the reply is decoded. `max_tokens` bounds the reply; it is 1 wherever a request names allowed answers."""

    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    frequency_penalty: float = 0.0
    seed: int | None = None


@dataclass(frozen=True)
class Request:
    """What is asked. With `allowed` the reply is exactly one of those answers, each a single token of the model.

    `answer_prefix` is the beginning of the assistant's turn that the reply continues, for example `##final score: `;
    its trailing space counts (without it most of the probability falls on the space and not on the grades). With
    `json_schema` the reply is JSON of that schema; it goes with neither of the two.
    """

    messages: tuple[Message, ...]
    parameters: Parameters
    allowed: tuple[str, ...] | None = None
    answer_prefix: str = ""
    json_schema: Mapping[str, Any] | None = None


class Measured(NamedTuple):
    """A text in a model's tokens: its beginning of at most so many as were asked for, the tokens of the whole text and
    of that beginning. `exact` is false where the engine has no tokenizer at hand and they are estimates."""

    text: str
    tokens: int
    kept: int
    exact: bool


@dataclass(frozen=True)
class Reply:
    """What came back for one request.

    `text` leaves out the request's answer prefix; `reasoning` is a reasoning model's separate field, never parsed.
    `finish_reason` is "stop", "length", "content_filter", the engine's own word, or "" where there is none.
    `tokens_in`, `tokens_out` and `cached_tokens` (part of `tokens_in` served from a prefix cache) are counts, `None`
    where the engine does not say. `answer_logprobs` maps each allowed answer that the engine reported to its natural
    log-probability **before** the constraint, so that 1 - Σ exp is the mass outside them; where the engine knows only
    renormalised values, `logprobs_constrained` is true and the mass outside is not known.
    `latency_ms` runs from the moment the request was handed to the engine. `error` is a sentence, or `None`.
    """

    text: str = ""
    reasoning: str = ""
    finish_reason: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None
    cached_tokens: int | None = None
    answer_logprobs: dict[str, float] | None = None
    logprobs_constrained: bool = False
    latency_ms: int = 0
    error: str | None = None
    refused: bool = False

    def __post_init__(self):
        # A model can spell any byte, a database cannot hold every one: NUL and half characters become visible signs.
        for name in ("text", "reasoning", "error"):
            value = getattr(self, name)
            if value:
                storable = value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
                object.__setattr__(self, name, storable)


class EngineUnavailable(Exception):
    """The whole engine cannot work now. `retry_after` is the number of seconds to wait, `None` where nobody knows."""

    def __init__(self, message: str, retry_after: float | None = None):
        super().__init__(message)
        self.retry_after = retry_after


def always() -> bool:
    """What `go_on` is where nobody may stop the requests."""
    return True


class Engine(Protocol):
    """Anything that answers requests. `name` is the kind of engine, `model` the model it runs."""

    name: str
    model: str

    def complete(self, requests: Sequence[Request], go_on: Callable[[], bool] = always) -> Iterator[tuple[int, Reply]]:
        """Yield (index of the request, reply) once per request, each as soon as it is there, in any order.

        Once `go_on` says no, no further request is begun; those under way are still yielded: they have been paid for.
        It is asked often, and only in the caller's own thread.
        Raises EngineUnavailable where the engine as a whole cannot work; replies yielded before stay valid.
        """
        ...

    def measure(self, texts: Sequence[str], max_tokens: int | None = None) -> list[Measured]:
        """Each text in the model's tokens, cut to its first `max_tokens` (None: whole), without special tokens."""
        ...

    def close(self) -> None:
        """Let go of what the engine holds. It may be called twice."""
        ...
