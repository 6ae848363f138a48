"""The only code that talks to a model. `build_engine` makes an engine by its kind; `engine_for` keeps one a process."""

import json
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any

from llm_worker.engines.base import Engine, EngineUnavailable, Measured, Message, Parameters, Reply, Request, always

__all__ = [
    "ENGINE_KINDS",
    "Engine",
    "EngineUnavailable",
    "Measured",
    "Message",
    "Parameters",
    "Reply",
    "Request",
    "always",
    "build_engine",
    "close_engines",
    "engine_for",
]


def _llama_cpp(model: str, options: Mapping[str, Any]) -> Engine:
    from llm_worker.engines.llama_cpp import LlamaCppEngine

    return LlamaCppEngine(model, **options)


def _openai(model: str, options: Mapping[str, Any]) -> Engine:
    """Options: base_url, api_key_env (the environment variable that holds the key), dialect, concurrency, timeout."""
    from llm_worker.engines.openai_compatible import OpenAICompatibleEngine

    if not options.get("base_url"):
        raise EngineUnavailable("No server’s address was given, so this judge is asked by batch files alone.")
    rest = dict(options)
    variable = rest.pop("api_key_env", "")
    key = os.environ.get(variable) if variable else None
    if variable and not key:
        raise EngineUnavailable(f"The environment variable {variable}, which should hold the server's key, is not set.")
    return OpenAICompatibleEngine(model, api_key=key, **rest)


def _vllm(model: str, options: Mapping[str, Any]) -> Engine:
    from llm_worker.engines.vllm_in_process import VllmEngine

    return VllmEngine(model, **options)


def _scripted(model: str, options: Mapping[str, Any]) -> Engine:
    from llm_worker.engines.scripted import ScriptedEngine

    return ScriptedEngine(model, **options)


_BUILDERS: dict[str, Callable[[str, Mapping[str, Any]], Engine]] = {
    "llama_cpp": _llama_cpp,
    "openai": _openai,
    "vllm": _vllm,
    "scripted": _scripted,
}

ENGINE_KINDS = tuple(_BUILDERS)

_engines: dict[tuple[int, str, str, str], Engine] = {}
_engines_lock = threading.Lock()


def build_engine(kind: str, model: str, options: Mapping[str, Any] | None = None) -> Engine:
    """A new engine. Raises ValueError for an unknown kind or option, EngineUnavailable where something is missing."""
    if kind not in _BUILDERS:
        raise ValueError(f"There is no engine {kind!r}; there are: {', '.join(ENGINE_KINDS)}.")
    try:
        return _BUILDERS[kind](model, options or {})
    except TypeError as error:
        raise ValueError(f"The options of the engine {kind!r} do not fit: {error}.") from error


def engine_for(kind: str, model: str, options: Mapping[str, Any] | None = None) -> Engine:
    """The engine of this process for that kind, model and options; built at the first call, the same one after."""
    # The process is part of the key: a loaded model's threads do not survive a fork.
    key = (os.getpid(), kind, model, json.dumps(options or {}, sort_keys=True))
    with _engines_lock:
        if key not in _engines:
            _engines[key] = build_engine(kind, model, options)
        return _engines[key]


def close_engines() -> None:
    """Close every engine of this process, for a worker's end."""
    with _engines_lock:
        for key in [key for key in _engines if key[0] == os.getpid()]:
            _engines.pop(key).close()
