"""A small campaign with something on every page: runs, a judge's labels, four conditions, people who disagree."""

from io import BytesIO
from itertools import product
from types import SimpleNamespace

from assessment.domain.routing import Rule
from assessment.models import (
    Assessor,
    Condition,
    Document,
    Duty,
    Judgment,
    Reveal,
    Role,
    Topic,
)
from assessment.services.adjudications import adjudication_create
from assessment.services.ensembles import ensemble_create
from assessment.services.imports.qrels import qrels_import
from assessment.services.imports.runs import run_import
from assessment.services.people import assessor_ensure, member_set
from assessment.services.pools import pool_create
from assessment.services.routing import routed_pool_create
from assessment.services.tracks import track_create
from llm_worker.services.judges import judge_create
from nuggets.models import NuggetDuty, TopicBank
from nuggets.services.answers import answers_import
from nuggets.services.assignment_imports import assignments_import
from nuggets.services.duties import nugget_duty_create
from tests.factories import make_user

QUERIES = ["why is the sky blue", "how do magnets work", "who invented the telescope", "when do swallows leave"]
DOCUMENTS = 8
GUIDELINES = "## How to judge\n\nGrade what *is there*.\n\n- Read all of it.\n- Then grade."

ANSWER = (
    '{"metadata": {"run_id": "cited", "topic_id": "q1"}, "references": ["d1", "unknown"], "responses": '
    '[{"text": "Light scatters.", "citations": {"d1": 0.9, "unknown": 0.4}}, {"text": "So.", "citations": []}]}\n'
)
ASSIGNMENTS = "".join(
    f'{{"qid": "q{topic}", "run_id": "{run}", "answer_text": "Light scatters.", '
    f'"nuggets": [{{"text": "light scatters", "importance": "{importance}", "assignment": "{label}"}}]}}\n'
    for topic, run, importance, label in (
        (1, "long", "vital", "support"),
        (1, "short", "vital", "partial_support"),
        (2, "long", "okay", "not_support"),
    )
)


def make_campaign() -> SimpleNamespace:
    """Track, people (alice organizes, bob and carol assess, vera views), pool, duties by condition, and a judge."""
    people = {name: make_user(name, may_create_tracks=name == "alice") for name in ("alice", "bob", "carol", "vera")}
    make_user("root", is_staff=True)
    configurations = [
        judge_create(name=f"campaign-{decoding}", engine="scripted", model="m", prompt="umbrela.v1", decoding=decoding)
        for decoding in ("reference", "token")
    ]
    track = track_create(
        slug="campaign", name="A campaign", scale=range(4), created_by=people["alice"], guidelines=GUIDELINES
    )
    for name, role in (("bob", Role.ASSESSOR), ("carol", Role.ASSESSOR), ("vera", Role.VIEWER)):
        member_set(track=track, user=people[name], role=role, by=people["alice"])
    topics = [
        Topic.objects.create(track=track, qid=f"q{n}", query=query, narrative="What is asked.", position=n)
        for n, query in enumerate(QUERIES, 1)
    ]
    documents = [
        Document.objects.create(
            collection=track.collection, docid=f"d{n}", title=f"Title {n}", text=f"Passage {n}.\n\nIt has two parts."
        )
        for n in range(1, DOCUMENTS + 1)
    ]
    runs = [_run(track, tag, step) for tag, step in (("up", 1), ("down", -1), ("odd", 3))]
    judge = _judge(track, topics, documents)
    qrels = "".join(
        f"{t.qid} 0 {d.docid} {(t.position + n) % 4}\n" for t, (n, d) in product(topics, enumerate(documents))
    )
    qrels_import(track=track, source=BytesIO(qrels.encode()), name="nist.qrels", assessor_name="nist")
    pool = pool_create(track=track, name="pool-5", depth=5, order="docid", by=people["alice"])
    duties = _duties(track, pool, topics, people, judge)
    _labels(pool, people, duties)
    assignments_import(track=track, source=BytesIO(ASSIGNMENTS.encode()), name="a.jsonl", assessor_name="nuggeteer")
    other = BytesIO(ASSIGNMENTS.replace("partial_support", "not_support").encode())
    assignments_import(track=track, source=other, name="b.jsonl", assessor_name="reader", bank_name="nuggeteer")
    answers_import(track=track, source=BytesIO(ANSWER.encode()), name="cited.jsonl", profile_name="ragtime")
    assigning = _assigning(topics[0], duties["manual"].assessor)
    rule = Rule("confidence", 0.6, audit_percent=60)
    both = [judge, track.assessors.get(name="nist")]
    ensemble_create(track=track, name="both", members=both, rule="median", quorum=2)
    routed = routed_pool_create(pool=pool, judge=judge, rule=rule, name="part", by=people["alice"])
    Duty.objects.create(pool=routed, topic=topics[0], assessor=duties["second"].assessor, condition=Condition.MANUAL)
    sources = [judge, *track.assessors.filter(name__in=("nist", "carol"))]
    adjudication, _ = adjudication_create(track=track, name="gold", sources=sources, adjudicator=people["bob"])
    return SimpleNamespace(
        track=track, people=people, topics=topics, documents=documents, runs=runs, judge=judge, pool=pool,
        routed=routed, duties=duties, adjudication=adjudication, configurations=configurations,
        assigning=assigning,
    )  # fmt: skip


def _run(track, tag: str, step: int):
    rows = [
        f"q{topic} Q0 d{1 + step * (rank + topic) % DOCUMENTS} {rank} {DOCUMENTS - rank}.5 {tag}\n"
        for topic in range(1, len(QUERIES) + 1)
        for rank in range(1, DOCUMENTS + 1)
    ]
    return run_import(track=track, source=BytesIO("".join(rows).encode()), name=f"{tag}.txt")


def _judge(track, topics, documents) -> Assessor:
    judge = Assessor.objects.create(track=track, kind=Assessor.Kind.LLM, name="umbrela-test", caveat="Made for a test.")
    for topic, (n, document) in product(topics, enumerate(documents)):
        grade = 1 + (topic.position + n) % 3
        Judgment.objects.create(
            assessor=judge,
            topic=topic,
            document=document,
            grade=grade,
            condition=Condition.AUTOMATIC,
            confidence=0.7,
            distribution={str(value): 0.7 if value == grade else 0.1 for value in range(4)},
        )
    return judge


def _duties(track, pool, topics, people, judge) -> dict[str, Duty]:
    """bob has a topic under each condition, the last one committed before the reveal; carol shares the first."""
    terms = {
        "manual": (Condition.MANUAL, Reveal.NEVER, None),
        "filtered": (Condition.FILTERED, Reveal.NEVER, judge),
        "post_edit": (Condition.POST_EDIT, Reveal.ALWAYS, judge),
        "commit": (Condition.POST_EDIT, Reveal.COMMIT_THEN_REVEAL, judge),
    }
    bob, carol = (assessor_ensure(track=track, user=people[name]) for name in ("bob", "carol"))
    duties = {
        name: Duty.objects.create(
            pool=pool, topic=topic, assessor=bob, condition=condition, reveal=reveal, suggestion_source=source
        )
        for (name, (condition, reveal, source)), topic in zip(terms.items(), topics, strict=True)
    }
    duties["second"] = Duty.objects.create(pool=pool, topic=topics[0], assessor=carol, condition=Condition.MANUAL)
    return duties


def _assigning(topic, assessor) -> NuggetDuty:
    """bob assigns the first topic's nuggets, with what the imported file says of them."""
    topic_bank = TopicBank.objects.get(bank__name="nuggeteer", topic=topic)
    source = topic.track.assessors.get(name="nuggeteer")
    terms = {"condition": Condition.POST_EDIT, "suggestion_source": source}
    return nugget_duty_create(topic_bank=topic_bank, assessor=assessor, task="assign", **terms)


def _labels(pool, people, duties) -> None:
    """bob and carol have judged the first topic but for one passage, and differ on some; bob has begun the third."""
    first = list(pool.items.filter(topic=duties["manual"].topic))
    for n, item in enumerate(first[:-1]):
        for duty, grade in ((duties["manual"], n % 4), (duties["second"], (n + n // 2) % 4)):
            Judgment.objects.create(
                assessor=duty.assessor,
                topic=duty.topic,
                document=item.document,
                grade=grade,
                condition=Condition.MANUAL,
                active_ms=20_000,
                note="A close call." if n == 2 else "",
                evidence=[{"start": 0, "end": 7, "text": "Passage"}],
            )
    edited = duties["post_edit"]
    for item, grade in zip(pool.items.filter(topic=edited.topic), (1, 2), strict=False):
        Judgment.objects.create(
            assessor=edited.assessor,
            topic=edited.topic,
            document=item.document,
            grade=grade,
            condition=Condition.POST_EDIT,
            suggestion_grade=2,
            suggestion_by=edited.suggestion_source,
            active_ms=9_000,
        )
