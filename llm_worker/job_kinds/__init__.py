"""Kinds of jobs, one file each: which items are asked about, how, and which service gets the label."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from llm_worker.engines import always
from llm_worker.models import JudgeConfiguration, LlmCall, LlmJob
from llm_worker.services.calls import Answer


class Labeller(Protocol):
    """Answers the calls of one job, in any order, each as soon as it is there."""

    def label(self, calls: Sequence[LlmCall], go_on: Callable[[], bool] = always) -> Iterator[tuple[LlmCall, Answer]]:
        """Begins no call once `go_on` says no; those under way are still answered.

        Raises EngineUnavailable where nothing can be answered now, DomainError where it never can.
        """
        ...


def labeller_for(job: LlmJob) -> Labeller:
    """What answers this job's calls: a prompted model, by its task, or the lexical baseline."""
    if job.judge.task == JudgeConfiguration.Task.NUGGETS:
        from llm_worker.job_kinds.nuggets import NuggetLabeller

        return NuggetLabeller(job.judge, job.settings)
    if job.judge.task == JudgeConfiguration.Task.NUGGET_ASSIGNMENT:
        from llm_worker.job_kinds.assignments import AssignmentLabeller

        return AssignmentLabeller(job.judge)
    if job.judge.decoding == JudgeConfiguration.Decoding.NONE:
        from llm_worker.job_kinds.lexical import LexicalLabeller

        return LexicalLabeller(job)
    from llm_worker.job_kinds.relevance import PromptedLabeller

    return PromptedLabeller(job.judge, job.track)
