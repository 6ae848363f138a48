"""What all judges share that fill in a prompt: their engine, the cutting of long texts, the digest of what is sent."""

import hashlib
import json
from collections.abc import Sequence
from typing import NamedTuple

from llm_worker.domain import prompts
from llm_worker.domain.filling import cut_words
from llm_worker.engines import Engine, Request, engine_for
from llm_worker.models import JudgeConfiguration
from llm_worker.services.judges import judge_check_prompt


class ShownPassage(NamedTuple):
    """What the prompt shows of a text, whether that is less than all of it, and how it was measured."""

    text: str
    was_cut: bool
    measured: dict


class PromptedJudge:
    """A judge with its prompt and decoding, on the engine that its configuration names."""

    def __init__(self, judge: JudgeConfiguration):
        judge_check_prompt(judge)
        self.judge = judge
        self.prompt = prompts.find(judge.prompt)
        self.decoding = self.prompt.decodings[judge.decoding]

    @property
    def engine(self) -> Engine:
        """Built at its first use, which may take a while (a model is loaded) and raise EngineUnavailable."""
        options = self.judge.options
        if self.judge.engine == "vllm" and self.judge.model_revision:
            options = options | {"revision": self.judge.model_revision}
        return engine_for(self.judge.engine, self.judge.model, options)

    def cut(self, texts: Sequence[str]) -> list[ShownPassage]:
        """The texts as the prompt shows them: cut by tokens, then by words, as the judge's limits say."""
        words, tokens = self.judge.max_passage_words, self.judge.max_passage_tokens
        if tokens is None or not texts:
            cut = [cut_words(text, words) for text in texts]
            return [ShownPassage(one.text, one.was_cut, {}) for one in cut]
        measured = self.engine.measure(texts, tokens)
        cut = [cut_words(one.text, words) for one in measured]
        # Only where both limits bite: what is left is measured again.
        shorter = iter(self.engine.measure([one.text for one in cut if one.was_cut], tokens))
        return [
            ShownPassage(
                one.text,
                one.was_cut or whole.kept < whole.tokens,
                {
                    "passage_tokens": whole.tokens,
                    "passage_kept": next(shorter).kept if one.was_cut else whole.kept,
                    "exact": whole.exact,
                },
            )
            for one, whole in zip(cut, measured, strict=True)
        ]


def request_digest(request: Request) -> str:
    """SHA-256 of what was sent: the messages and the answer prefix."""
    sent = [[message.role, message.content] for message in request.messages] + [request.answer_prefix]
    return hashlib.sha256(json.dumps(sent, ensure_ascii=False).encode()).hexdigest()
