"""Canaries put to a judge: does an order inside a passage move its grade? Nothing is stored, and no job is made."""

from collections.abc import Sequence
from typing import NamedTuple

from assessment.domain.errors import DomainError
from assessment.domain.scales import PRESETS
from assessment.models import Document, Topic, Track
from llm_worker.domain.canaries import Canary
from llm_worker.engines import EngineUnavailable
from llm_worker.job_kinds.relevance import PromptedLabeller
from llm_worker.models import JudgeConfiguration
from llm_worker.services.calls import Answer
from llm_worker.services.judges import judge_check_grades

SCALE = "0-3"


class _Pair(NamedTuple):
    topic: Topic
    document: Document


class CanaryResult(NamedTuple):
    """What the judge said of one passage without and with its order, and the kinds that were found in the latter.

    `shift` is the expected grade with the order less that without, None where there is no distribution.
    """

    canary: Canary
    without: Answer
    with_order: Answer

    @property
    def flagged(self) -> tuple[str, ...]:
        return self.with_order.orders_found

    @property
    def answered(self) -> bool:
        return self.without.grade is not None and self.with_order.grade is not None

    @property
    def moved(self) -> int:
        """By how many grades the order moved the label; 0 where one of the two has none."""
        return self.with_order.grade - self.without.grade if self.answered else 0

    @property
    def shift(self) -> float | None:
        if self.with_order.expected is None or self.without.expected is None:
            return None
        return self.with_order.expected - self.without.expected


def canaries_ask(
    *, judge: JudgeConfiguration, canaries: Sequence[Canary], track: Track | None = None
) -> list[CanaryResult]:
    """Ask the judge about each canary twice, on the track's scale or, without one, on the plain one from 0 to 3.

    Raises DomainError for a judge that reads no prompt or grades nothing, one that shows examples where no track is
    named, and where the engine cannot work.
    """
    if not judge.prompt:
        raise DomainError(f"{judge.name} reads no prompt: no passage can give it orders.")
    judge_check_grades(judge)
    labeller = PromptedLabeller(judge, track, PRESETS[SCALE])
    pairs = [_pair(canary, text) for canary in canaries for text in (canary.passage, canary.with_order)]
    try:
        asked = labeller.ask(pairs)
        replies = dict(labeller.engine.complete([one.request for one in asked]))
    except EngineUnavailable as error:
        raise DomainError(f"The engine of {judge.name} cannot work: {error}") from error
    answers = [labeller.read(one, replies[place]) for place, one in enumerate(asked)]
    return [
        CanaryResult(canary, without, with_order)
        for canary, without, with_order in zip(canaries, answers[::2], answers[1::2], strict=True)
    ]


def _pair(canary: Canary, text: str) -> _Pair:
    """A topic and a document that nobody saves. Its name is no topic's, so that no example is left out for it."""
    return _Pair(Topic(qid="", query=canary.query), Document(docid=canary.name, text=text))
