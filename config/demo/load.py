"""Loads the demo: people, three tracks through the ordinary importers, a pool, duties. Loading again adds nothing."""

import io
from collections.abc import Callable

from django.contrib.auth.hashers import make_password

from assessment.domain.errors import DomainError
from assessment.domain.scales import GradeSpec
from assessment.models import Assessor, Condition, Pool, Reveal, Role, Track, User
from assessment.services.duties import duties_assign
from assessment.services.imports import documents_import, qrels_import, run_import, topics_import
from assessment.services.people import assessor_ensure, member_set
from assessment.services.pools import pool_create
from assessment.services.tracks import track_create
from config.demo.built_runs import built_runs
from config.demo.datasets import DEMO_TRACKS, DemoTrack
from llm_worker.models import JudgeConfiguration
from llm_worker.services.jobs import job_create
from llm_worker.services.judges import judge_assessor
from llm_worker.services.nugget_jobs import nuggets_assign
from nuggets.models import NuggetDuty, NuggetTask
from nuggets.services.assignment_imports import assignments_import
from nuggets.services.duties import nugget_duties_give

Say = Callable[[str], None]

# Known to everyone who reads this file: the demo listens on this machine alone.
PASSWORD = "assay-demo"
LOGINS = {
    "alice": "organizes the tracks",
    "bob": "assesses, with and without suggestions",
    "vera": "only looks at results",
    "admin": "administers the site",
}
POOL = "first-topics"
POOL_DEPTH = 5
POOL_TOPICS = 4
POOL_LIMIT = 60
SUGGESTED_TOPICS = 2
JUDGE = "umbrela-token"
NUGGET_TRACK = "rag24"
ASSIGNER = "assigner-small"
ASSIGNED_TOPICS = 2  # those with the fewest nuggets; more would keep the small model busy for a long time


def load_demo(say: Say) -> None:
    """Whatever of the demo is not there yet. `say` gets a line for each step."""
    people = _people()
    for described in DEMO_TRACKS:
        track = Track.objects.filter(slug=described.slug).first()
        if track is None:
            say(f"Loading {described.name} ...")
            track = track_create(
                slug=described.slug,
                name=described.name,
                scale=[GradeSpec(grade.grade, grade.key, grade.label, grade.definition) for grade in described.scale],
                created_by=people["alice"],
                description=_with_source(described),
                guidelines=described.guidelines,
                relevant_from=described.relevant_from,
            )
            member_set(track=track, user=people["vera"], role=Role.VIEWER, by=people["alice"])
        _load_files(track, described, people["alice"])
    _give_work(Track.objects.get(slug="csfcube"), people)
    _give_nuggets(Track.objects.get(slug=NUGGET_TRACK), people)


def start_suggestions(say: Say) -> None:
    """Ask the demo's judge, and the lexical baseline beside it, about what they have not judged of the demo's pool."""
    pool = Pool.objects.get(track__slug="csfcube", name=POOL)
    for judge in JudgeConfiguration.objects.filter(name__in=["lexical-bm25", JUDGE]):
        try:
            job = job_create(pool=pool, judge=judge, limit=POOL_LIMIT)
        except DomainError:
            continue  # it has judged the pool, in an earlier demo
        say(f"{judge.name} is asked about {job.calls.count()} passages, in the background.")
    _start_assignments(say)


def _start_assignments(say: Say) -> None:
    """Have the demo's judge look for NIST's nuggets in the answers to a few topics."""
    track = Track.objects.get(slug=NUGGET_TRACK)
    topics = list(track.topics.order_by("position")[:ASSIGNED_TOPICS])
    try:
        job = nuggets_assign(
            bank=track.banks.get(name="NIST"), judge=JudgeConfiguration.objects.get(name=ASSIGNER), topics=topics
        )
    except DomainError:
        return  # it has labelled them, or is about to, from an earlier demo
    answers = job.calls.values("answer").distinct().count()
    say(f"{ASSIGNER} looks for nuggets in {answers} answers, in the background.")


def _people() -> dict[str, User]:
    people = {}
    for name in LOGINS:
        defaults = {
            "password": make_password(PASSWORD),
            "may_create_tracks": name == "alice",
            "is_staff": name == "admin",
            "is_superuser": name == "admin",
        }
        people[name], _ = User.objects.get_or_create(username=name, defaults=defaults)
    return people


def _load_files(track: Track, described: DemoTrack, organizer: User) -> None:
    """Through the importers that everyone uses; what is already there stays as it is."""
    if not track.topics.exists():
        topics_import(track=track, source=described.topics, name=described.topics.name)
    if described.documents and not track.collection.documents.exists():
        documents_import(track=track, source=described.documents, name=described.documents.name)
    if not track.runs.exists():
        for runs in (described.runs(), built_runs(described)):
            for name, content in runs:
                run_import(track=track, source=io.BytesIO(content), name=name, by=organizer)
    for qrels in described.qrels:
        if not track.assessors.filter(name=qrels.assessor).exists():
            qrels_import(track=track, source=qrels.path, name=qrels.path.name, assessor_name=qrels.assessor)
    for file in described.assignments:
        if not track.assessors.filter(name=file.assessor).exists():
            named = {"assessor_name": file.assessor, "bank_name": file.bank}
            assignments_import(track=track, source=file.path, name=file.path.name, **named)


def _give_work(track: Track, people: dict[str, User]) -> None:
    """A small pool; bob judges half of its topics with suggestions and half without."""
    topics = list(track.topics.all()[:POOL_TOPICS])
    pool = track.pools.filter(name=POOL).first()
    if pool is None:
        pool = pool_create(track=track, name=POOL, depth=POOL_DEPTH, topics=topics, by=people["alice"])
    if pool.duties.exists():
        return
    member_set(track=track, user=people["bob"], role=Role.ASSESSOR, by=people["alice"])
    bob = assessor_ensure(track=track, user=people["bob"])
    source = judge_assessor(judge=JudgeConfiguration.objects.get(name=JUDGE), track=track)
    _assign(pool, bob, topics[:SUGGESTED_TOPICS], source)
    _assign(pool, bob, topics[SUGGESTED_TOPICS:], None)


def _give_nuggets(track: Track, people: dict[str, User]) -> None:
    """bob assigns the nuggets of one topic with the demo's judge's suggestions, and those of another without."""
    bank = track.banks.get(name="NIST")
    if NuggetDuty.objects.filter(topic_bank__bank=bank).exists():
        return
    member_set(track=track, user=people["bob"], role=Role.ASSESSOR, by=people["alice"])
    bob = assessor_ensure(track=track, user=people["bob"])
    source = judge_assessor(judge=JudgeConfiguration.objects.get(name=ASSIGNER), track=track)
    shown, hidden = track.topics.order_by("position")[:2]
    given = {"bank": bank, "task": NuggetTask.ASSIGN, "assessor": bob}
    nugget_duties_give(topics=[shown], condition=Condition.POST_EDIT, suggestion_source=source, **given)
    nugget_duties_give(topics=[hidden], hides_importance=True, **given)


def _assign(pool: Pool, assessor: Assessor, topics: list, source: Assessor | None) -> None:
    terms = {"condition": Condition.MANUAL}
    if source:
        terms = {"condition": Condition.POST_EDIT, "reveal": Reveal.ALWAYS, "suggestion_source": source}
    duties_assign(pool=pool, assessor=assessor, topics=topics, **terms)


def _with_source(described: DemoTrack) -> str:
    """The track's page says where its data comes from and under which licence."""
    return (
        f"{described.description}\n\n**Source:** {described.source}\n\n**Licence:** {described.licence}\n\n"
        f"{described.attribution}"
    )
