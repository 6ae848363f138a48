"""What a job about nuggets will take: its calls are known, what one takes comes from earlier ones or from samples."""

from collections.abc import Sequence
from statistics import fmean

from assessment.models import Topic, Track
from assessment.services.imports.result import counted
from llm_worker.domain.estimates import Basis, Estimate, Figure, PerCall, cost, duration
from llm_worker.engines.text_cut import carefully_estimated
from llm_worker.job_kinds.assignments import AssignmentLabeller
from llm_worker.job_kinds.nuggets import NuggetLabeller
from llm_worker.models import JudgeConfiguration, LlmCall
from llm_worker.selectors.asking import judge_rate
from llm_worker.selectors.spending import prices_of
from llm_worker.services.estimates import SAMPLE, per_call_before
from llm_worker.services.nugget_jobs import LISTS, ListSettings, assignment_plan, list_plan
from llm_worker.services.rendering import EstimatingEngine
from nuggets.models import Bank


class _RenderedLists(NuggetLabeller):
    @property
    def engine(self) -> EstimatingEngine:
        return EstimatingEngine()


class _RenderedAssignments(AssignmentLabeller):
    @property
    def engine(self) -> EstimatingEngine:
        return EstimatingEngine()


def list_estimate(
    *,
    track: Track,
    judge: JudgeConfiguration,
    bank_name: str = "",
    topics: Sequence[Topic] | None = None,
    settings: ListSettings = LISTS,
) -> Estimate:
    """Of `nuggets_make`, which raises the same errors. How long the lists get nobody knows before: their importance is
    counted as if they were as long as they may be."""
    calls, kept = list_plan(track, judge, bank_name or judge.name, topics, settings)
    n_topics = len({call.topic_id for call in calls})
    weighings = n_topics * -(-settings.most_nuggets // settings.batch)
    left_out = len(kept["without_passages"])
    said = (
        f"{counted(len(calls), 'window')} of {counted(n_topics, 'topic')}, then at most {weighings:,} for importance."
    )
    said += f" {left_out:,} without a relevant passage left out." if left_out else ""
    return _estimate(track, judge, _RenderedLists(judge, kept), calls, len(calls) + weighings, said)


def assignment_estimate(*, bank: Bank, judge: JudgeConfiguration, topics: Sequence[Topic] | None = None) -> Estimate:
    """Of `nuggets_assign`."""
    plan = assignment_plan(judge, bank, topics)
    answers = len({call.answer_id for call in plan.calls})
    said = f"{counted(answers, 'answer')}, ten nuggets a call, what has a label left out."
    said += f" {counted(plan.empty_answers, 'empty one')} without a call." if plan.empty else ""
    return _estimate(bank.track, judge, _RenderedAssignments(judge), plan.calls, len(plan.calls), said)


def _estimate(track: Track, judge: JudgeConfiguration, labeller, calls: list[LlmCall], count: int, said: str):
    one = per_call_before(judge, track) or _sampled(labeller, calls)
    prices = prices_of(judge)
    return Estimate(
        judge=judge.name,
        total=count,
        judged=0,
        under_way=0,
        pairs=count,
        without_text=0,
        from_trials=0,
        one=one,
        cost=cost(prices, one, count),
        seconds=_seconds(judge, count),
        currency=prices.currency,
        calls_in_words=said,
    )


def _seconds(judge: JudgeConfiguration, count: int) -> Figure:
    rate = judge_rate(judge)
    return (
        duration(rate, count) if rate else Figure(None, Basis.UNKNOWN, "Not measured yet: its first calls measure it.")
    )


def _sampled(labeller, calls: list[LlmCall]) -> PerCall:
    """By the rendered prompts of some calls, spread evenly over the job."""
    most = labeller.decoding.max_tokens
    written = Figure(most, Basis.AT_MOST, f"Its replies end after {most:,} tokens.")
    some = calls[:: max(1, len(calls) // SAMPLE)][:SAMPLE]
    if not some:
        return PerCall(Figure(0, Basis.COUNTED, "Nothing is asked."), written)
    tokens = [
        sum(carefully_estimated(message.content, None).tokens for message in asked.request.messages)
        for asked in labeller.ask(some)
    ]
    source = f"From the letters of {len(tokens)} rendered prompts: for English rather a third too many."
    return PerCall(Figure(fmean(tokens), Basis.ESTIMATED, source), written)
