"""Two judges tried on the same few pairs: what each said, and how far they agree with one another and with people."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from assessment.domain.agreement import AgreementFigures, agreement_figures, confusion
from assessment.models import Assessor, Judgment, JudgmentState, Pool, PoolItem
from llm_worker.models import FAILED_STATUSES, OPEN_STATUSES, CallStatus, JudgeConfiguration, LlmCall, LlmJob
from llm_worker.selectors.asking import seeded
from llm_worker.selectors.jobs import JobProgress, job_progress


@dataclass(frozen=True)
class TrialRow:
    """One pair: each judge's call about it (None: not asked yet), and the grades of others by the assessor's name, in
    the order of `names`."""

    item: PoolItem
    calls: list[LlmCall | None]
    given: dict[str, int]
    names: list[str]

    @property
    def by_name(self) -> list[tuple[str, int | None]]:
        return [(name, self.given.get(name)) for name in self.names]

    @property
    def differs(self) -> bool:
        """Whether both judges gave a grade, and not the same one."""
        grades = [call.grade for call in self.calls if call is not None]
        return len(grades) == 2 and None not in grades and grades[0] != grades[1]


@dataclass(frozen=True)
class TrialSide:
    """What came of one judge's half; `others` has its agreement with each assessor who graded some of the pairs.
    `standing` is that of its trial as a job, where one of these pairs is still open in it."""

    judge: JudgeConfiguration
    ok: int
    failed: int
    open: int
    unasked: int
    standing: JobProgress | None
    others: list[tuple[str, AgreementFigures]]


@dataclass(frozen=True)
class Trial:
    """The trial of two judges on `rows`; `agreement` is theirs on the pairs that both graded."""

    rows: list[TrialRow]
    sides: list[TrialSide]
    agreement: AgreementFigures
    given_by: list[str]

    @property
    def is_begun(self) -> bool:
        return any(side.ok or side.failed or side.open for side in self.sides)

    @property
    def is_running(self) -> bool:
        """Whether something is still going to happen by itself."""
        return any(side.open and not (side.standing and side.standing.finished) for side in self.sides)

    @property
    def is_complete(self) -> bool:
        return bool(self.rows) and not any(side.open or side.unasked for side in self.sides)


def trial_items(pool: Pool, size: int, seed: int) -> list[PoolItem]:
    """The pairs of a trial: drawn from those whose text is loaded, the same ones for every judge."""
    return list(seeded(PoolItem.objects.filter(pool=pool, document__text__isnull=False), seed)[:size])


def latest_calls(judge: JudgeConfiguration, pool: Pool, items: Sequence[PoolItem]) -> dict[tuple[int, int], LlmCall]:
    """The judge's last word in the track on each of these pairs, in a trial or a job; cancelled calls are none."""
    calls = LlmCall.objects.filter(
        judge=judge,
        job__track=pool.track_id,
        topic__in={item.topic_id for item in items},
        document__in={item.document_id for item in items},
    )
    calls = calls.exclude(status=CallStatus.CANCELLED).select_related("job").order_by("pk")
    return {(call.topic_id, call.document_id): call for call in calls}


def trial(pool: Pool, judges: Sequence[JudgeConfiguration], size: int, seed: int) -> Trial:
    """How the trial of these two judges on so many pairs of the pool stands (6 queries, more while it is under way)."""
    items = trial_items(pool, size, seed)
    pairs = [(item.topic_id, item.document_id) for item in items]
    calls = [latest_calls(judge, pool, items) for judge in judges]
    given, names = _given(pool, items, judges)
    rows = [
        TrialRow(item, [found.get(pair) for found in calls], given[pair], names)
        for item, pair in zip(items, pairs, strict=True)
    ]
    scale = list(pool.track.grades.values_list("value", flat=True))
    sides = [_side(judge, [row.calls[place] for row in rows], rows, names, scale) for place, judge in enumerate(judges)]
    graded = [tuple(call.grade for call in row.calls) for row in rows if None not in row.calls]
    return Trial(rows, sides, _figures([pair for pair in graded if None not in pair], scale), names)


def _given(pool: Pool, items: Sequence[PoolItem], judges: Sequence[JudgeConfiguration]):
    """Grades by pair and assessor's name, and the names: people, adjudications and imported qrels, not judges."""
    rows = Judgment.objects.filter(
        assessor__track=pool.track_id,
        state=JudgmentState.GRADED,
        vigilance=False,
        topic__in={item.topic_id for item in items},
        document__in={item.document_id for item in items},
    ).exclude(assessor__kind=Assessor.Kind.LLM)
    wanted = {(item.topic_id, item.document_id) for item in items}
    given: dict[tuple[int, int], dict[str, int]] = defaultdict(dict)
    for topic, document, name, grade in rows.values_list("topic_id", "document_id", "assessor__name", "grade"):
        if (topic, document) in wanted:
            given[topic, document][name] = grade
    return given, sorted({name for grades in given.values() for name in grades})


def _side(judge, calls, rows, names, scale) -> TrialSide:
    statuses = [call.status for call in calls if call is not None]
    still = next((call.job for call in calls if call is not None and call.status in OPEN_STATUSES), None)
    others = []
    for name in names:
        both = [
            (row.given[name], call.grade)
            for row, call in zip(rows, calls, strict=True)
            if name in row.given and call is not None and call.grade is not None
        ]
        if both:
            others.append((name, _figures(both, scale)))
    return TrialSide(
        judge,
        ok=statuses.count(CallStatus.OK),
        failed=sum(status in FAILED_STATUSES for status in statuses),
        open=sum(status in OPEN_STATUSES for status in statuses),
        unasked=calls.count(None),
        standing=_standing(still),
        others=others,
    )


def _standing(job: LlmJob | None) -> JobProgress | None:
    return None if job is None else job_progress(job)


def _figures(both: Sequence[tuple[int, int]], scale: Sequence[int]) -> AgreementFigures:
    known = [pair for pair in both if set(pair) <= set(scale)]  # the scale may have changed since
    first, second = zip(*known, strict=True) if known else ((), ())
    return agreement_figures(confusion(first, second, scale), scale)
