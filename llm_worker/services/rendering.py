"""Prompts as they would be sent, without an engine: to be looked at, and to be measured by estimate."""

from collections.abc import Sequence
from dataclasses import dataclass

from assessment.models import PoolItem, Track
from llm_worker.domain.prompt_segments import Segment, segments
from llm_worker.engines import Measured
from llm_worker.engines.text_cut import carefully_estimated
from llm_worker.job_kinds.relevance import Asked, PromptedLabeller
from llm_worker.models import JudgeConfiguration


class EstimatingEngine:
    """Stands where a judge's engine is: it estimates tokens and answers nothing."""

    def measure(self, texts: Sequence[str], max_tokens: int | None = None) -> list[Measured]:
        return [carefully_estimated(text, max_tokens) for text in texts]


class RenderingLabeller(PromptedLabeller):
    """Renders a judge's prompts without its engine, which a web process must not load.

    A passage that is cut by tokens is cut by their estimate.
    """

    @property
    def engine(self) -> EstimatingEngine:
        return EstimatingEngine()


@dataclass(frozen=True)
class RenderedPrompt:
    """What a judge would be sent about one pair: (role, pieces) of each message, and the reply's beginning."""

    asked: Asked
    messages: list[tuple[str, list[Segment]]]
    max_reply: int
    cut_is_estimated: bool

    @property
    def answer_prefix(self) -> str:
        return self.asked.request.answer_prefix

    @property
    def allowed(self) -> tuple[str, ...]:
        return self.asked.request.allowed or ()

    @property
    def tokens(self) -> int:
        """By estimate, rather a third too many for English."""
        texts = [message.content for message in self.asked.request.messages] + [self.answer_prefix]
        return sum(carefully_estimated(text, None).tokens for text in texts)


def rendered_prompt(*, judge: JudgeConfiguration, track: Track, item: PoolItem) -> RenderedPrompt | None:
    """The prompt of this judge for this passage, whose text is loaded; None for a judge without a prompt.

    Raises DomainError where its prompt file is gone or was changed.
    """
    if judge.decoding == JudgeConfiguration.Decoding.NONE:
        return None
    labeller = RenderingLabeller(judge, track)
    (asked,) = labeller.ask([item])
    templates = [content for _, content in labeller.prompt.messages]
    messages = [
        (message.role, segments(template, message.content))
        for template, message in zip(templates, asked.request.messages, strict=True)
    ]
    return RenderedPrompt(asked, messages, labeller.decoding.max_tokens, judge.max_passage_tokens is not None)
