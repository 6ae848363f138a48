"""vLLM inside this process: the GPU worker's engine, which runs on vLLM's CPU build too.

On a GPU every prompt goes in at once, sorted, and the scheduler shares prefixes by itself. On a CPU one prompt of a
topic goes first and the rest follow, or all of them would read the shared prefix again. With allowed answers the
sampler is held to their token ids while the log-probabilities are taken before that mask (vLLM's "raw_logprobs"), so
that the mass outside the answers is known.

The scheduler takes prompts up in the order in which they were added. Once the caller wants no more, those that it can
not have taken up yet are taken back, and the others are finished.
"""

import importlib.metadata
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from llm_worker.engines.base import EngineUnavailable, Measured, Reply, Request, always
from llm_worker.engines.prefix import leaders_and_followers
from llm_worker.engines.text_cut import whole_characters

_CPU_BLOCK_SIZE = 32
_DEFAULT_BLOCK_SIZE = 16


class _Prepared(NamedTuple):
    """A request as vLLM takes it: the prompt's token ids, and the id of each allowed answer's token."""

    prompt: list[int]
    answer_ids: dict[str, int]


class VllmEngine:
    """Loads `model` (a folder or a hub's name) at once and keeps it.

    `revision` is the hub's, of weights, tokenizer and configuration; `max_model_len` counts the tokens of prompt and
    reply; `dtype` is float32 on a CPU (bfloat16 is the slowest and least exact there) and the model's own on a GPU;
    `reasoning_end` is the mark behind which the reply proper begins; `chat_template_options` go to the model's chat
    template, `engine_options` to vLLM's LLM as they are.
    """

    name = "vllm"

    def __init__(
        self,
        model: str,
        *,
        revision: str | None = None,
        max_model_len: int = 4096,
        dtype: str | None = None,
        block_size: int | None = None,
        reasoning_end: str = "</think>",
        chat_template_options: Mapping[str, Any] | None = None,
        engine_options: Mapping[str, Any] | None = None,
    ):
        self.model = model
        self.on_cpu = is_cpu_build()
        self.block_size = block_size or (_CPU_BLOCK_SIZE if self.on_cpu else None)
        self._options: dict[str, Any] = {"max_model_len": max_model_len, "enable_prefix_caching": True}
        self._options["dtype"] = dtype or ("float32" if self.on_cpu else "auto")
        if self.block_size:
            self._options["block_size"] = self.block_size
        if self.on_cpu:
            self._options["enforce_eager"] = True
        if revision:
            self._options |= {"revision": revision, "tokenizer_revision": revision}
        self._options |= engine_options or {}
        # The mass outside the answers can be told from these log-probabilities only.
        self._options["logprobs_mode"] = "raw_logprobs"
        self._reasoning_end = reasoning_end
        self._template_options = dict(chat_template_options or {})
        self._numbers = itertools.count()
        self._llm: Any = None
        self._load()

    def complete(self, requests: Sequence[Request], go_on: Callable[[], bool] = always) -> Iterator[tuple[int, Reply]]:
        if self._llm is None:
            self._load()
        prepared: dict[int, _Prepared] = {}
        for index, request in enumerate(requests):
            try:
                prepared[index] = self._prepare(request)
            except ValueError as error:
                yield index, Reply(error=str(error))
        for batch in self._batches(prepared):
            if not go_on():
                return
            yield from self._run(batch, requests, prepared, go_on)

    def measure(self, texts: Sequence[str], max_tokens: int | None = None) -> list[Measured]:
        if self._llm is None:
            self._load()
        return [self._measured(text, max_tokens) for text in texts]

    def _measured(self, text: str, max_tokens: int | None) -> Measured:
        found = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        places = found["offset_mapping"]
        if max_tokens is None or len(places) <= max_tokens:
            return Measured(text, len(places), len(places), True)
        # A character of several tokens lies in each of them: it goes where the first token left out has a part of it.
        end = min(places[max_tokens - 1][1], places[max_tokens][0]) if max_tokens else 0
        end = whole_characters(text, end)
        return Measured(text[:end], len(places), sum(behind <= end for _, behind in places[:max_tokens]), True)

    def close(self) -> None:
        llm, self._llm = self._llm, None
        if llm is not None:
            llm.llm_engine.engine_core.shutdown()

    def _load(self) -> None:
        set_environment(self.on_cpu)
        try:
            from vllm import LLM
        except ImportError as error:
            raise EngineUnavailable(
                "vLLM is not installed in this environment; see requirements-vllm-gpu.txt or requirements-vllm-cpu.txt."
            ) from error
        try:
            self._llm = LLM(model=self.model, **self._options)
        except Exception as error:
            raise EngineUnavailable(f"vLLM could not load {self.model}: {error}") from error
        self._tokenizer = self._llm.get_tokenizer()

    def _prepare(self, request: Request) -> _Prepared:
        turns = [{"role": message.role, "content": message.content} for message in request.messages]
        text = self._tokenizer.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=True, **self._template_options
        )
        # The template has written the special tokens already.
        prompt = self._tokenizer.encode(text + request.answer_prefix, add_special_tokens=False)
        return _Prepared(
            prompt, {answer: self._answer_id(answer, text, prompt, request) for answer in request.allowed or ()}
        )

    def _answer_id(self, answer: str, text: str, prompt: list[int], request: Request) -> int:
        """The id of the answer's token where it stands, which need not be its id when it stands alone."""
        whole = self._tokenizer.encode(text + request.answer_prefix + answer, add_special_tokens=False)
        if len(whole) != len(prompt) + 1 or whole[:-1] != prompt:
            raise ValueError(f"The answer {answer!r} is not a single token of {self.model} behind this prompt.")
        return whole[-1]

    def _batches(self, prepared: Mapping[int, _Prepared]) -> list[list[int]]:
        indices = list(prepared)
        if not self.on_cpu:
            return [sorted(indices, key=lambda index: prepared[index].prompt)]
        prompts = [prepared[index].prompt for index in indices]
        batches = leaders_and_followers(prompts, self.block_size or _DEFAULT_BLOCK_SIZE)
        return [[indices[place] for place in batch] for batch in batches]

    def _run(
        self,
        batch: Sequence[int],
        requests: Sequence[Request],
        prepared: Mapping[int, _Prepared],
        go_on: Callable[[], bool],
    ) -> Iterator[tuple[int, Reply]]:
        engine = self._llm.llm_engine
        running: dict[str, tuple[int, float]] = {}
        begun: set[str] = set()
        wanted = True
        try:
            for index in batch:
                number = str(next(self._numbers))
                started = time.perf_counter()
                try:
                    engine.add_request(
                        number,
                        {"prompt_token_ids": prepared[index].prompt},
                        _sampling(requests[index], prepared[index].answer_ids),
                    )
                except Exception as error:
                    # vLLM refuses a prompt (too long, say) by more than one class of error.
                    self._raise_if_dead(error)
                    yield index, Reply(error=str(error))
                else:
                    running[number] = (index, started)
            while running:
                if wanted and not go_on():
                    wanted = False
                    self._take_back(running, begun, prepared)
                for output in self._step() if running else ():
                    begun.add(output.request_id)
                    if output.finished and output.request_id in running:
                        index, started = running.pop(output.request_id)
                        yield index, self._reply(output, prepared[index], time.perf_counter() - started)
        finally:
            # A caller that stops early (a cancelled job) must not leave its prompts to the next one.
            if running and self._llm is not None:
                engine.abort_request(list(running))

    def _take_back(
        self, running: dict[str, tuple[int, float]], begun: set[str], prepared: Mapping[int, _Prepared]
    ) -> None:
        """Abort what the scheduler cannot have begun: a step takes so many prompts, and so many tokens of them."""
        limits = self._llm.llm_engine.vllm_config.scheduler_config
        places, tokens, waiting = limits.max_num_seqs, limits.max_num_batched_tokens, []
        for number, (index, _) in running.items():
            places -= 1
            if number not in begun:
                if places < 0 or tokens <= 0:
                    waiting.append(number)
                tokens -= len(prepared[index].prompt)
        for number in waiting:
            del running[number]
        if waiting:
            self._llm.llm_engine.abort_request(waiting)

    def _step(self) -> list[Any]:
        try:
            return self._llm.llm_engine.step()
        except Exception as error:
            # Whatever ends a step ends the engine.
            raise self._gone(error) from error

    def _raise_if_dead(self, error: Exception) -> None:
        from vllm.v1.engine.exceptions import EngineDeadError

        if isinstance(error, EngineDeadError):
            raise self._gone(error) from error

    def _gone(self, error: Exception) -> EngineUnavailable:
        """Let go of the engine, so that the next call loads it anew."""
        self.close()
        return EngineUnavailable(f"vLLM stopped working: {error}")

    def _reply(self, output: Any, prepared: _Prepared, seconds: float) -> Reply:
        completion = output.outputs[0]
        text, reasoning, logprobs = completion.text, "", None
        if prepared.answer_ids:
            of_first = completion.logprobs[0] if completion.logprobs else {}
            found = {answer: of_first[i].logprob for answer, i in prepared.answer_ids.items() if i in of_first}
            logprobs = found or None
            # A token's text may carry a space; the answer does not.
            text = next(
                (answer for answer, i in prepared.answer_ids.items() if [i] == list(completion.token_ids)), text
            )
        elif self._reasoning_end and self._reasoning_end in text:
            reasoning, _, text = text.partition(self._reasoning_end)
        return Reply(
            text=text,
            reasoning=reasoning,
            finish_reason=completion.finish_reason or "",
            tokens_in=len(prepared.prompt),
            tokens_out=len(completion.token_ids),
            cached_tokens=output.num_cached_tokens,
            answer_logprobs=logprobs,
            latency_ms=round(seconds * 1000),
        )


def _sampling(request: Request, answer_ids: Mapping[str, int]) -> Any:
    from vllm import SamplingParams
    from vllm.sampling_params import StructuredOutputsParams

    parameters = request.parameters
    common = {"temperature": parameters.temperature, "top_p": parameters.top_p, "seed": parameters.seed}
    if answer_ids:
        ids = list(answer_ids.values())
        return SamplingParams(**common, max_tokens=1, allowed_token_ids=ids, logprob_token_ids=ids)
    common |= {"max_tokens": parameters.max_tokens, "frequency_penalty": parameters.frequency_penalty}
    if request.json_schema is None:
        return SamplingParams(**common)
    return SamplingParams(**common, structured_outputs=StructuredOutputsParams(json=dict(request.json_schema)))


def is_cpu_build() -> bool:
    """Whether the installed vLLM computes on the CPU: its CPU distribution, or a torch without an accelerator."""
    return _version("vllm-cpu") is not None or (_version("torch") or "").endswith("+cpu")


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def set_environment(on_cpu: bool) -> None:
    """Set what vLLM reads from the environment, where nobody has set it; vLLM's own processes inherit it."""
    defaults = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    if on_cpu:
        defaults |= {
            # Left to itself vLLM keeps one core idle.
            "VLLM_CPU_OMP_THREADS_BIND": ",".join(str(core) for core in sorted(os.sched_getaffinity(0))),
            "VLLM_CPU_KVCACHE_SPACE": "1",
            "VLLM_HOST_IP": "127.0.0.1",
            "HF_HUB_OFFLINE": "1",
        }
        openmp = Path(sys.prefix) / "lib" / "libiomp5.so"
        if openmp.is_file():
            defaults["LD_PRELOAD"] = str(openmp)
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
