"""What stands in a track, and what to do next."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from assessment.models import Assessor, Duty, Judgment, JudgmentState, Pool, PoolItem, Role, Run, Topic, Track


class TrackCounts(NamedTuple):
    topics: int
    documents: int
    documents_with_text: int
    runs: int
    pools: int
    pooled_items: int
    people: int
    duties: int
    assessors: int
    judgments: int


def track_counts(track: Track) -> TrackCounts:
    documents = track.collection.documents.aggregate(
        all=Count("pk"), with_text=Count("pk", filter=Q(text__isnull=False))
    )
    return TrackCounts(
        topics=track.topics.count(),
        documents=documents["all"],
        documents_with_text=documents["with_text"],
        runs=track.runs.count(),
        pools=track.pools.count(),
        pooled_items=PoolItem.objects.filter(pool__track=track).count(),
        people=track.memberships.filter(role=Role.ASSESSOR).count(),
        duties=Duty.objects.filter(pool__track=track).count(),
        assessors=track.assessors.filter(Exists(Judgment.objects.filter(assessor=OuterRef("pk")))).count(),
        judgments=Judgment.objects.filter(assessor__track=track).count(),
    )


def tracks_with_counts(tracks: QuerySet[Track]) -> QuerySet[Track]:
    """Each track with `topic_count`, `run_count`, `pool_count` and `assessor_count`."""
    return tracks.annotate(
        topic_count=_count(Topic), run_count=_count(Run), pool_count=_count(Pool), assessor_count=_count(Assessor)
    )


def _count(model) -> Coalesce:
    rows = model.objects.filter(track=OuterRef("pk")).order_by().values("track")
    return Coalesce(Subquery(rows.annotate(number=Count("pk")).values("number")), 0)


class Step(NamedTuple):
    """One step of a campaign: whether it is done, what it is, why, the page (URL name), and the command, if any."""

    done: bool
    title: str
    why: str
    page: str
    command: str = ""


def next_steps(track: Track, counts: TrackCounts) -> list[Step]:
    """The steps of a campaign in their order; the first that is not done is the one to do next."""
    slug = track.slug
    return [
        Step(
            counts.topics > 0,
            "Load the topics",
            "Everything else refers to them: runs and qrels are checked against their ids.",
            "topics",
            f"python3 manage.py import_topics {slug} topics.tsv",
        ),
        Step(
            counts.documents_with_text > 0,
            "Load the passages",
            "People and judges read their text. Pages about scores work without.",
            "documents",
            f"python3 manage.py import_documents {slug} segments.jsonl.gz",
        ),
        Step(
            counts.runs > 0,
            "Load the runs",
            "The systems to compare; pools are made from their top ranks.",
            "runs",
            f"python3 manage.py import_run {slug} run1.txt run2.txt",
        ),
        Step(
            counts.pools > 0,
            "Make a pool",
            "It fixes which passages are judged. You see its size before it is made.",
            "pools",
            f"python3 manage.py create_pool {slug} --depth 10",
        ),
        Step(
            counts.people > 0,
            "Add the assessors",
            "Accounts and roles: who judges, who only reads the results.",
            "people",
        ),
        Step(
            counts.duties > 0 or counts.judgments > 0,
            "Assign topics and start a judge",
            "On the pool's page: who judges what under which condition, and which judge labels it.",
            "pools",
            f"python3 manage.py judge {slug} --judge umbrela-token --limit 20 --wait",
        ),
        Step(
            counts.assessors > 1,
            "Compare two assessors",
            "As soon as two of them have judged the same pairs: agreement, and what it does to the ranking.",
            "compare",
            f"python3 manage.py compare {slug} --manual NAME --automatic NAME --measure nDCG@10",
        ),
    ]


BAR_HEIGHT = 30


@dataclass(frozen=True)
class Bar:
    """How often an assessor gave a grade; drawn `height` high, the most frequent one BAR_HEIGHT."""

    value: int
    label: str
    count: int
    height: float

    @property
    def top(self) -> float:
        return BAR_HEIGHT - self.height


@dataclass(frozen=True)
class AssessorRow:
    assessor: Assessor
    judged: int
    bars: list[Bar]
    skipped: int
    unjudgeable: int


def assessor_rows(track: Track) -> list[AssessorRow]:
    """Every assessor of the track with the distribution of the grades given, by two queries."""
    counts: dict[int, Counter] = defaultdict(Counter)
    grouped = Judgment.objects.filter(assessor__track=track).values_list("assessor", "state", "grade")
    for assessor, state, grade, number in grouped.annotate(number=Count("pk")).order_by():
        counts[assessor][grade if state == JudgmentState.GRADED else state] = number
    scale = list(track.grades.all())
    return [_assessor_row(assessor, counts[assessor.pk], scale) for assessor in track.assessors.select_related("user")]


def _assessor_row(assessor: Assessor, counts: Counter, scale: list) -> AssessorRow:
    most = max((counts[grade.value] for grade in scale), default=0) or 1
    bars = [
        Bar(grade.value, grade.label, counts[grade.value], round(BAR_HEIGHT * counts[grade.value] / most, 1))
        for grade in scale
    ]
    return AssessorRow(
        assessor,
        sum(bar.count for bar in bars),
        bars,
        counts[JudgmentState.SKIPPED.value],
        counts[JudgmentState.UNJUDGEABLE.value],
    )
