"""What goes over the wire to an OpenAI-compatible server, and what comes back: pure translation, no network.

Three dialects of one protocol:

*llama.cpp* — a last assistant message is continued as it stands; a GBNF grammar holds the reply to the allowed answers;
log-probabilities are of the whole vocabulary, before the grammar.

*vllm* — the last assistant message is continued on request; `allowed_token_ids` holds the reply to the allowed answers
and leaves their log-probabilities as they were. Where the server does not give its token ids, `structured_outputs`
does it instead, with log-probabilities renormalised over the answers.

*openai* — hosted servers continue nothing and hold no reply to a choice of tokens: the last user message asks for one
of the answers, and the first token's 20 most likely alternatives are read.

A JSON schema goes to all of them as `response_format`.
"""

import json
import math
from collections.abc import Sequence
from typing import Any

from llm_worker.engines.base import Reply, Request

DIALECTS = ("llama.cpp", "vllm", "openai")

# llama.cpp reports as many alternatives as one asks for; grades that are less likely than so many other tokens weigh
# nothing. OpenAI's and vLLM's limit is 20.
_TOP_LOGPROBS = {"llama.cpp": 256, "vllm": 20, "openai": 20}
_LONGEST_FINISH_REASON = 40  # characters
_HIGHEST_COUNT = 2**31 - 1  # tokens; more is no count


def request_body(
    request: Request,
    model: str,
    dialect: str,
    token_ids: Sequence[int] | None = None,
    max_tokens_field: str = "max_tokens",
) -> dict[str, Any]:
    """The JSON body of a chat completion. `token_ids` are the allowed answers' ids (used by the vllm dialect alone)."""
    parameters = request.parameters
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        max_tokens_field: 1 if request.allowed else parameters.max_tokens,
        "temperature": parameters.temperature,
        "top_p": parameters.top_p,
        "frequency_penalty": parameters.frequency_penalty,
    }
    if parameters.seed is not None:
        body["seed"] = parameters.seed
    if dialect == "llama.cpp":
        # This server samples from the 40 likeliest tokens and drops rare ones unless told otherwise.
        body |= {"cache_prompt": True, "top_k": 0, "min_p": 0.0}
    if request.answer_prefix and dialect != "openai":
        body["messages"].append({"role": "assistant", "content": request.answer_prefix})
        if dialect == "vllm":
            body |= {"add_generation_prompt": False, "continue_final_message": True}
    if request.allowed:
        _constrain(body, request.allowed, dialect, token_ids)
    elif request.json_schema is not None:
        # All three understand this one; "strict" makes a hosted server hold to it or refuse the schema.
        schema = {"name": "reply", "strict": True, "schema": dict(request.json_schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body


def _constrain(body: dict[str, Any], allowed: tuple[str, ...], dialect: str, token_ids: Sequence[int] | None) -> None:
    body |= {"logprobs": True, "top_logprobs": _TOP_LOGPROBS[dialect], "frequency_penalty": 0.0}
    if dialect == "llama.cpp":
        body["grammar"] = "root ::= " + " | ".join(json.dumps(answer) for answer in allowed)
    elif dialect == "vllm" and token_ids is not None:
        body["allowed_token_ids"] = list(token_ids)
        body["logprob_token_ids"] = list(token_ids)
        del body["top_logprobs"]
    elif dialect == "vllm":
        body["structured_outputs"] = {"choice": list(allowed)}
    else:
        ask = f"\n\nReply with exactly one of these and nothing else: {', '.join(allowed)}."
        body["messages"][-1]["content"] += ask


def read_reply(data: Any, request: Request, constrained: bool, loose: bool) -> Reply:
    """The reply in a chat completion's JSON.

    `constrained`: the log-probabilities are renormalised over the answers. `loose`: an answer may carry spaces around
    it, as it does where no answer prefix could be set; without `loose`, another reply than an allowed one is an error:
    nothing has held the model to them. Raises ValueError where the JSON is no chat completion.
    """
    choice = _first(data.get("choices")) if isinstance(data, dict) else None
    message = choice.get("message") if isinstance(choice, dict) else None
    text = message.get("content") if isinstance(message, dict) else 0
    if not isinstance(text, str | None):
        raise ValueError("The server's answer is not a chat completion.")
    text = text or ""
    usage = _mapping(data.get("usage"))
    finish_reason = "".join(filter(str.isprintable, _text(choice.get("finish_reason"))))
    if request.answer_prefix:
        text = text.removeprefix(request.answer_prefix)
    refused = finish_reason == "content_filter" or bool(message.get("refusal"))
    strayed = request.allowed and not loose and not refused and text not in request.allowed
    return Reply(
        text=text,
        reasoning=_text(message.get("reasoning_content")) or _text(message.get("reasoning")),
        finish_reason=finish_reason[:_LONGEST_FINISH_REASON],
        tokens_in=_count(usage.get("prompt_tokens")),
        tokens_out=_count(usage.get("completion_tokens")),
        cached_tokens=_count(_mapping(usage.get("prompt_tokens_details")).get("cached_tokens")),
        answer_logprobs=answer_logprobs(choice.get("logprobs"), request.allowed, loose) if request.allowed else None,
        logprobs_constrained=constrained,
        refused=refused,
        error="The server did not keep to the allowed answers; is its dialect the right one?" if strayed else None,
    )


def answer_logprobs(logprobs: Any, allowed: Sequence[str], loose: bool) -> dict[str, float] | None:
    """The log-probability of each allowed answer among the first token's alternatives; None where there are none.

    Two alternatives that spell one answer ("3" and " 3", with `loose`) add up.
    """
    first = _mapping(_first(_mapping(logprobs).get("content")))
    listed = first.get("top_logprobs")
    entries = [_mapping(entry) for entry in [first, *(listed if isinstance(listed, list) else [])]]
    alternatives = {
        entry["token"]: entry["logprob"]
        for entry in entries
        if isinstance(entry.get("token"), str) and type(entry.get("logprob")) in (int, float)
    }
    found: dict[str, float] = {}
    for token, logprob in alternatives.items():
        answer = token.strip() if loose else token
        if answer in allowed:
            found[answer] = logprob if answer not in found else _add(found[answer], logprob)
    return found or None


def error_code(body: bytes) -> str | None:
    """The code in an error's JSON body, as OpenAI and Azure write it; None where there is none."""
    try:
        code = _mapping(_mapping(json.loads(body)).get("error")).get("code")
    except (ValueError, RecursionError):
        return None
    return code if isinstance(code, str) else None


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else None


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= _HIGHEST_COUNT else None


def _add(one: float, other: float) -> float:
    high, low = max(one, other), min(one, other)
    return high + math.log1p(math.exp(low - high))
