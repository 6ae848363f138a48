"""Jobs about nuggets: lists made for a track's topics, and nuggets looked for in its answers."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.db import transaction

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Topic, Track, User
from llm_worker.domain.limits import NO_LIMITS, Limits
from llm_worker.models import CallStatus, JudgeConfiguration, LlmCall, LlmJob
from llm_worker.selectors.nugget_jobs import unfinished_over
from llm_worker.services.jobs import job_check_limits
from llm_worker.services.judges import judge_assessor, judge_check_mode, judge_freeze
from llm_worker.services.nugget_calls import BATCH, Assignments, assignment_calls, window_calls
from llm_worker.services.running import job_enqueue, pairs_locked
from nuggets.models import Bank
from nuggets.selectors.relevant import relevant_passages
from nuggets.services.judge_labels import empty_answers_label
from nuggets.services.suggestions import suggestion_bank_ensure

LARGEST = {"window": 50, "most_nuggets": 200, "most_words": 100, "keep": 200, "batch": 50}


@dataclass(frozen=True)
class ListSettings:
    """How a judge makes its lists (methods.md §2): from passages graded `threshold` or more (None: what the track
    calls relevant) by the assessor `grades_of` (empty: by anybody but a judge), `window` of them a call, at most
    `most_nuggets` of `most_words`; they are weighed `batch` a call, and the first `keep` are kept."""

    threshold: int | None = None
    grades_of: str = ""
    window: int = 10
    most_nuggets: int = 30
    most_words: int = 12
    keep: int = 20
    batch: int = BATCH

    def __post_init__(self):
        for name, largest in LARGEST.items():
            if not 1 <= getattr(self, name) <= largest:
                raise DomainError(f"{name.replace('_', ' ').capitalize()} is a number from 1 to {largest}.")


LISTS = ListSettings()


def list_plan(
    track: Track, judge: JudgeConfiguration, bank_name: str, topics: Sequence[Topic] | None, settings: ListSettings
) -> tuple[list[LlmCall], dict]:
    """The calls, unsaved, for the topics (None: all) that have passages and no list in the bank, and the settings as
    the job keeps them. Raises DomainError where there is nothing to make, saying why."""
    _check_task(judge, JudgeConfiguration.Task.NUGGETS)
    threshold = track.relevant_from if settings.threshold is None else settings.threshold
    kept = asdict(settings) | {"threshold": threshold}
    wanted = list(track.topics.order_by("position")) if topics is None else list(topics)
    done = set(track.topics.filter(topic_banks__bank__name=bank_name).values_list("pk", flat=True))
    left = [topic for topic in wanted if topic.pk not in done]
    if wanted and not left:
        raise DomainError(f"Nothing is left to make: each of these topics has its list in the bank {bank_name}.")
    passages = relevant_passages(track, left, threshold=threshold, grades_of=_assessor(track, settings.grades_of))
    calls = window_calls(judge, left, passages, kept)
    if not calls:
        whose = settings.grades_of or "anybody but a judge"
        raise DomainError(
            f"No topic has a passage, with its text, that {whose} graded {threshold} or higher: there is nothing to "
            "make nuggets from."
        )
    bare = [topic.qid for topic in left if topic.pk not in passages]
    return calls, kept | {"without_passages": bare, "has_list": len(wanted) - len(left)}


def _assessor(track: Track, name: str) -> Assessor | None:
    if not name:
        return None
    found = track.assessors.filter(name=name).first()
    if found is None:
        raise DomainError(f"{track.slug} has no assessor {name}.")
    return found


def nuggets_make(
    *,
    track: Track,
    judge: JudgeConfiguration,
    bank_name: str = "",
    topics: Sequence[Topic] | None = None,
    settings: ListSettings = LISTS,
    limits: Limits = NO_LIMITS,
    breaker: int | None = None,
    estimate: dict | None = None,
    by: User | None = None,
) -> LlmJob:
    """A job that writes a list for each topic that has none in the bank (default: the one called like the judge).

    A topic's list comes into the bank when all of its windows are answered and its nuggets are weighed, never in part.
    """
    bank_name = bank_name or judge.name
    with transaction.atomic():
        assessor = _prepared(judge, track, limits)
        calls, kept = list_plan(track, judge, bank_name, topics, settings)
        bank = suggestion_bank_ensure(track=track, name=bank_name, by=by)
        _refuse_second_job(judge, bank)
        job = LlmJob(track=track, bank=bank, judge=judge, assessor=assessor, settings=kept, created_by=by)
        return _started(job, calls, limits, breaker, estimate)


def assignment_plan(judge: JudgeConfiguration, bank: Bank, topics: Sequence[Topic] | None = None) -> Assignments:
    """What the judge has not said of the bank's nuggets. Raises DomainError for a judge of another task."""
    _check_task(judge, JudgeConfiguration.Task.NUGGET_ASSIGNMENT)
    assessor = Assessor.objects.filter(track=bank.track_id, name=judge.name).first()
    if topics is None:
        topics = bank.track.topics.filter(topic_banks__bank=bank).order_by("position")
    return assignment_calls(judge, assessor, bank, list(topics))


def nuggets_assign(
    *,
    bank: Bank,
    judge: JudgeConfiguration,
    topics: Sequence[Topic] | None = None,
    limits: Limits = NO_LIMITS,
    breaker: int | None = None,
    estimate: dict | None = None,
    by: User | None = None,
) -> LlmJob:
    """A job that looks for the bank's nuggets in every answer of the track, in batches of ten, wherever the judge has
    said nothing yet. Empty answers are labelled at once, without a call.

    Raises DomainError where nothing is left to say.
    """
    with transaction.atomic():
        assessor = _prepared(judge, bank.track, limits)
        _refuse_second_job(judge, bank)
        plan = assignment_plan(judge, bank, topics)
        if not plan.calls and not plan.empty:
            raise DomainError(
                f"Nothing is left to ask: {judge.name} has labelled every nugget of {bank.name} in every answer to "
                "these topics, or there are none."
            )
        empty_answers_label(assessor=assessor, pairs=plan.empty)
        settings = {"empty_answers": plan.empty_answers}
        job = LlmJob(track=bank.track, bank=bank, judge=judge, assessor=assessor, settings=settings, created_by=by)
        return _started(job, plan.calls, limits, breaker, estimate)


def _prepared(judge: JudgeConfiguration, track: Track, limits: Limits) -> Assessor:
    """The judge, frozen, as an assessor of the track that nobody else chooses calls for meanwhile."""
    judge_check_mode(judge=judge, mode=LlmJob.Mode.WORKERS)
    job_check_limits(judge, LlmJob.Mode.WORKERS, limits)
    judge_freeze(judge)
    assessor = judge_assessor(judge=judge, track=track)
    pairs_locked(assessor)
    return assessor


def _check_task(judge: JudgeConfiguration, task: str) -> None:
    if judge.task != task:
        wanted = JudgeConfiguration.Task(task).label
        able = JudgeConfiguration.objects.filter(task=task).values_list("name", flat=True)
        raise DomainError(
            f"{judge.name} is a judge for another task ({judge.get_task_display()}). To {wanted} there are: "
            f"{', '.join(able) or 'none yet; `create_judge` makes one'}."
        )


def _refuse_second_job(judge: JudgeConfiguration, bank: Bank) -> None:
    job = unfinished_over(judge, bank)
    if job is not None:
        raise DomainError(
            f"Job {job.pk} of {judge.name} over {bank.name} is not finished: go on with it, or cancel it."
        )


def _started(job: LlmJob, calls: list[LlmCall], limits: Limits, breaker: int | None, estimate: dict | None) -> LlmJob:
    for name, value in asdict(limits).items():
        setattr(job, name, value)
    job.breaker = job.breaker if breaker is None else breaker
    job.estimate = estimate
    job.save()
    for call in calls:
        call.job = job
    LlmCall.objects.bulk_create(calls, batch_size=1000)
    if any(call.status == CallStatus.WAITING for call in calls):
        job_enqueue(job)
    return job
