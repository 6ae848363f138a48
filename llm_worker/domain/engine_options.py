"""Where an engine is and how it is asked: the options that a judge may have, by engine. Never a key among them."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from assessment.domain.errors import DomainError

QUEUES = ("cpu", "gpu")
DIALECTS = ("openai", "vllm", "llama.cpp")
MOST_AT_ONCE = 1024

# What environment variables are called by custom; a key pasted in their place has small letters or other signs.
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")


def _base_url(value: Any) -> str:
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        is_address = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        is_address = False
    if not is_address:
        raise DomainError("The server’s address begins with http:// or https:// and names a machine.")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise DomainError(
            "The server’s address carries no password, key or query: keys stay in the server’s environment."
        )
    return value


def _variable(value: Any) -> str:
    if not (isinstance(value, str) and _VARIABLE.fullmatch(value)):
        # The value itself is not repeated: it may be a key.
        raise DomainError(
            "What is stored is the name of an environment variable, in capitals, such as LLM_API_KEY; the key itself "
            "stays in the server’s environment."
        )
    return value


def _dialect(value: Any) -> str:
    if value not in DIALECTS:
        raise DomainError(f"There is no dialect {value!r}; there are: {', '.join(DIALECTS)}.")
    return value


def _whole(name: str, most: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            raise DomainError(f"{name} is a whole number from 1 to {most:,}.")
        return value

    return check


def _anything(value: Any) -> Any:
    return value


# The options that have a field of their own; a judge of an engine may have others of its constructor, by code.
_CHECKS: dict[str, dict[str, Callable[[Any], Any]]] = {
    "openai": {
        "base_url": _base_url,
        "api_key_env": _variable,
        "dialect": _dialect,
        "concurrency": _whole("concurrency", MOST_AT_ONCE),
        "timeout": _anything,
        "attempts": _whole("attempts", 100),
        "longest_wait": _anything,
        "max_tokens_field": _anything,
    },
    "llama_cpp": {"context": _whole("context", 1_000_000), "threads": _whole("threads", 1024)},
}

_NEEDS_A_SERVER = {"api_key_env", "concurrency", "timeout", "attempts", "longest_wait"}


def checked_options(engine: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a new judge. Raises DomainError for one that the engine does not have, or that cannot be.

    A judge of the engine `openai` without `base_url` is asked by batch files alone.
    """
    checks = _CHECKS.get(engine)
    if checks is None:
        return dict(options)
    unknown = sorted(set(options) - set(checks))
    if unknown:
        raise DomainError(f"The engine {engine} has no option {unknown[0]}; it has: {', '.join(checks)}.")
    if engine == "openai" and "base_url" not in options:
        # Such a judge is asked by files alone; what only a worker needs shows that an address was forgotten.
        for name in sorted(set(options) & _NEEDS_A_SERVER):
            raise DomainError(
                f"{name} is of no use without the server’s address, such as https://SERVER/v1. Give the address, or "
                "leave both out: the judge is then asked by batch files alone."
            )
    return {name: checks[name](value) for name, value in options.items()}
