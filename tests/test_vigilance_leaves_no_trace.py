"""Planted passages and their answers are in no export, figure, count or plan: all of it is read before and after.

The planted pairs are chosen to meet as much as possible: somebody trusted graded them, runs return them, one of them
bob judged for real in another pool, and both stand in a shared pool where others judge them.
"""

from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import transaction

from assessment.domain.routing import Rule
from assessment.models import Assessor, Condition, Duty, Judgment, Pool, PoolItem, Ranking, Reveal, Run, Track
from assessment.selectors import judging, overview, progress
from assessment.selectors.adjudication_standing import planned_counts
from assessment.selectors.agreements import agreement_with_people, all_agreements, pair_agreement
from assessment.selectors.anchoring import anchoring
from assessment.selectors.board import board_of
from assessment.selectors.comparisons import compare
from assessment.selectors.disagreements import (
    Wanted,
    disagreement_places,
    disagreements,
    shared_grades,
    topic_agreements,
    topics_of,
)
from assessment.selectors.ensembles import ensemble_outcome
from assessment.selectors.exports import qrels_lines
from assessment.selectors.judgment_exports import judgment_records
from assessment.selectors.leaderboards import assessors_with_grades, leaderboard, scores_of
from assessment.selectors.matrices import grades_by_all
from assessment.selectors.plans import plan_material
from assessment.selectors.pools import pools_with_sizes
from assessment.selectors.postedit import postedit_flow, postedit_flows
from assessment.selectors.routing import route_candidates, routed_pool, routing_csv
from assessment.services.judgments import judgment_record, judgment_undo
from assessment.services.plans import PlanSettings, plan_preview
from assessment.services.pools import pool_documents_preview, pool_preview
from assessment.services.routing import routed_pool_create
from llm_worker.job_kinds.lexical import LexicalLabeller
from llm_worker.models import JudgeConfiguration
from llm_worker.selectors.calibration_report import calibration_report
from llm_worker.services.jobs import job_create
from nuggets.selectors.relevant import relevant_passages
from tests.factories import make_assessor, make_duty, make_judge, make_pool, make_track, make_user, suggest

pytestmark = pytest.mark.django_db
SIZE, POOLED = 20, 18  # documents of a topic; the last two are outside of its pool
GRADES = {  # by place
    "nist": [place % 4 for place in range(SIZE)],
    "lexical": [(place + place // 4) % 4 for place in range(SIZE)],
    "dora": [place // 2 % 4 for place in range(SIZE)],
}


class Campaign:
    """Three topics in pools of their own, which bob post-edits and dora judges by hand; a shared pool over the rest."""

    def __init__(self):
        self.track = make_track()
        self.judge = make_judge(self.track)
        self.nist = Assessor.objects.create(track=self.track, kind=Assessor.Kind.IMPORTED, name="nist")
        self.bob, self.dora, self.eve, self.frank = map(make_user, ("bob", "dora", "eve", "frank"))
        make_assessor(self.track, self.frank)
        self.pools = [make_pool(self.track, SIZE, qid, query) for qid, query in QUERIES.items()]
        self.duties = [self._topic(pool) for pool in self.pools]
        self.shared = Pool.objects.create(track=self.track, name="shared", depth=SIZE, quota=2)
        outside = PoolItem.objects.filter(pool__in=self.pools, position__gt=POOLED)
        outside.update(pool=self.shared)
        for duty in self.duties:
            for user, rest_of in ((self.bob, []), (self.eve, []), (self.dora, [duty.assessor_id])):
                assessor = make_assessor(self.track, user)
                shared = Duty.objects.create(
                    pool=self.shared, topic=duty.topic, assessor=assessor, condition=Condition.MANUAL, rest_of=rest_of
                )
            say(shared, self.shared.items.get(topic=duty.topic, position=SIZE - 1), 0)  # dora, of two
        self._runs()

    def _topic(self, pool) -> Duty:
        items = list(pool.items.order_by("position"))
        for place, item in enumerate(items):
            suggest(self.judge, item, GRADES["lexical"][place])
            Judgment.objects.create(
                assessor=self.nist, topic=item.topic, document=item.document, grade=GRADES["nist"][place]
            )
        by_hand = make_duty(pool, self.dora)
        reveal = Reveal.COMMIT_THEN_REVEAL if pool.name == "pool-q2" else Reveal.ALWAYS
        edited = make_duty(pool, self.bob, Condition.POST_EDIT, reveal, self.judge)
        for place, item in enumerate(items[:POOLED]):
            say(by_hand, item, GRADES["dora"][place])
            say(edited, item, (place + 1) % 4)
        # A pair that bob has judged for real, by hand and in another pool, and that is planted for him too.
        other = Pool.objects.create(track=self.track, name=f"other-{pool.name}", depth=1)
        real = PoolItem.objects.create(
            pool=other, topic=items[-1].topic, document=items[-1].document, position=1, best_rank=1, lot=1,
            run_ids=[1], ranks=[1],
        )  # fmt: skip
        say(make_duty(other, self.bob), real, 1)
        return edited

    def _runs(self) -> None:
        for tag, step in (("up", 1), ("down", -1)):
            run = Run.objects.create(
                track=self.track, tag=tag, sha256=tag[0] * 64, lines=21, uploaded_by=make_user(f"of-{tag}")
            )
            for topic in self.track.topics.all():
                keys = list(
                    self.nist.judgments.filter(topic=topic).order_by("document").values_list("document", flat=True)
                )
                scores = [float(score) for score in range(SIZE, 0, -1)]
                Ranking.objects.create(run=run, topic=topic, documents=keys[::step], scores=scores)

    def plant(self) -> None:
        """Plants both outside documents for bob in every topic, and he answers: accepted (found out, and that taken
        back), found out, and once without having seen the label."""
        for duty in self.duties:
            for item in self.shared.items.filter(topic=duty.topic).order_by("position"):
                planted = PoolItem.with_planted.create(
                    pool=duty.pool, topic=duty.topic, document=item.document, position=item.position, best_rank=1,
                    lot=item.lot, run_ids=[], ranks=[], planted_for=duty,
                    planted={"grade": 3, "confidence": 0.9, "distribution": {"3": 0.9, "0": 0.1}},
                    trusted_grade=0, trusted_by=self.nist,
                )  # fmt: skip
                if duty is self.duties[0] and item.position == SIZE:
                    say(duty, planted, 0, suggestion_seen=False)
                    continue
                say(duty, planted, 3)
                say(duty, planted, 3, accepted=True)
                say(duty, planted, 0)
                if item.position < SIZE:
                    judgment_undo(duty=duty, item=planted, idempotency_key=uuid4(), actor=self.bob)


QUERIES = {"q1": "why is the sky blue", "q2": "what scatters light", "q3": "passage number three"}


def say(duty, item, grade, **more) -> None:
    judgment_record(
        duty=duty, item=item, grade=grade, idempotency_key=uuid4(), actor=duty.assessor.user, active_ms=1000, **more
    )


@pytest.fixture
def campaign(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return Campaign()


def everything(campaign: Campaign) -> dict[str, object]:
    """All that is said of the track, as text where objects would only be compared by their keys."""
    track = Track.objects.get(pk=campaign.track.pk)
    told = {}
    for part in (exports, agreements, results, pools_and_plans, work_of_others, for_judges):
        told |= {f"{part.__name__}: {name}": repr(value) for name, value in part(campaign, track).items()}
    return told


def exports(campaign, track) -> dict:
    told = {}
    for one in track.assessors.all():
        told[f"qrels of {one}"] = list(qrels_lines(one))
        told[f"qrels of {one} with everything"] = list(
            qrels_lines(one, keep_negative=True, keep_iterations=True, condition_codes=True)
        )
    told["judgments"] = [record for record in judgment_records(track) if not record["vigilance"]]
    return told


def agreements(campaign, track) -> dict:
    assessors, scale = list(track.assessors.order_by("name")), list(track.grades.all())
    values, given = [grade.value for grade in scale], grades_by_all(assessors)
    met, strangers = all_agreements(assessors, given, scale)
    told = {"all pairs": [(pair.a.name, pair.b.name, pair.as_dict()) for pair in met], "strangers": strangers}
    bob, topics = track.assessors.get(name="bob"), topics_of(track)
    for other in (one for one in assessors if one != bob):
        shared = shared_grades(given, bob, other)
        places = disagreement_places(shared, topics, Wanted())
        rows = disagreements(shared, topics, places, bob, other)
        told |= {
            f"agreement with {other}": pair_agreement(bob, other).as_dict(),
            f"agreement of {other} with bob": pair_agreement(other, bob).as_dict(),
            f"by topic with {other}": topic_agreements(shared, topics, values),
            f"disagreements with {other}": [
                (row.topic.qid, row.document.docid, str(row.a), str(row.b)) for row in rows
            ],
        }
    told["to adjudicate"] = planned_counts([bob, campaign.nist], None)
    told["to adjudicate in a pool"] = planned_counts([bob, campaign.nist], campaign.pools[0])
    told["flows"] = {key: flow.as_dict() for key, flow in postedit_flows(track, values).items()}
    told["flow of bob"] = postedit_flow(bob).as_dict()
    found = anchoring(track).as_dict()
    return told | {"sight": found["sight"], "reveals": found["reveals"]}


def results(campaign, track) -> dict:
    told, measures = {}, ["nDCG@10", "AP", "P@5", "Judged@10"]
    for one in assessors_with_grades(track):
        told[f"leaderboard by {one}"] = leaderboard(track, one, measures)
        told[f"scores by {one}"] = list(scores_of(track, one, measures, per_topic=True))
        if one.name != "bob":
            compared = compare(track, track.assessors.get(name="bob"), one, "nDCG@10")
            told[f"comparison with {one}"] = compared.as_dict()
    with_grades = assessors_with_grades(track)
    return told | {"who has grades": [(one.name, one.n_grades, one.latest) for one in with_grades]}


def pools_and_plans(campaign, track) -> dict:
    weights = {"manual": 1, "filtered": 1, "post_edit": 1}
    settings = PlanSettings([campaign.frank], weights, campaign.judge, seed=7, every_topic=True)
    fresh = Pool.objects.get(pk=campaign.shared.pk)
    told = {
        "lists": [(pool.name, pool.size, pool.topics, pool.people, pool.run_count) for pool in pools_with_sizes(track)],
        "preview": [(row.topic.qid, row.size) for row in pool_preview(track=track, depth=SIZE)],
        "counts": overview.track_counts(track),
        "tracks": list(overview.tracks_with_counts(Track.objects.all()).values()),
        "assessors": [(row.assessor.name, row.judged, row.bars, row.skipped) for row in overview.assessor_rows(track)],
        "steps": overview.next_steps(track, overview.track_counts(track)),
        "items": [list(pool.items.values_list("document", "position")) for pool in [*campaign.pools, fresh]],
    }
    documents = track.collection.documents.values_list("pk", flat=True)
    places = {topic: dict.fromkeys(documents, 1) for topic in track.topics.values_list("pk", flat=True)}
    for pool in [*campaign.pools, fresh]:
        material = plan_material(pool, campaign.judge, every_topic=True)
        told |= {
            f"plan material of {pool}": material,
            f"plan of {pool}": vars(plan_preview(pool=pool, settings=settings)),
            f"single documents to add to {pool}": pool_documents_preview(pool=pool, places=places),
        }
        told |= {f"to route of {pool}": route_candidates(pool, campaign.judge)} | routing_of(pool, campaign)
    return told


def routing_of(pool, campaign) -> dict:
    """What a routed pool would hold and tell, were bob to judge it too; it is gone again."""
    if pool.quota:
        return {}
    with transaction.atomic():
        routed = routed_pool_create(pool=pool, judge=campaign.judge, rule=Rule("confidence", 0.8, 50), name="routed")
        bob, topic = campaign.track.assessors.get(name="bob"), routed.items.first().topic
        Duty.objects.create(pool=routed, topic=topic, assessor=bob, condition=Condition.MANUAL)
        report = routed_pool(routed)
        told = {
            f"routed pairs of {pool}": list(routing_csv(routed)),
            f"estimates of {pool}": (report.counts, report.open, report.differing),
        }
        transaction.set_rollback(True)
    return told


def work_of_others(campaign, track) -> dict:
    told = {}
    for duty in Duty.objects.exclude(pk__in=[one.pk for one in campaign.duties]).select_related("pool", "assessor"):
        (counted,) = progress.duty_progress([duty])
        told[f"{duty.assessor} in {duty.pool}, {duty.topic}"] = (counted.done, counted.total)
        told[f"column of {duty.assessor} in {duty.pool}, {duty.topic}"] = judging.pool_column(duty)
        told[f"passages of {duty.assessor} in {duty.pool}, {duty.topic}"] = sorted(
            judging.duty_items(duty).values_list("item", "state", "grade")
        )
    for pool in [*campaign.pools, campaign.shared]:
        board = board_of(Pool.objects.select_related("track").get(pk=pool.pk))
        told[f"board of {pool}"] = [(row.topic.qid, row.size, row.done, row.relevant) for row in board.rows]
        told[f"agreement on the board of {pool}"] = [(one.a, one.b, one.matrix) for one in board.overlaps]
    return told


def for_judges(campaign, track) -> dict:
    told = {}
    configuration = JudgeConfiguration.objects.create(name="new", engine="lexical", decoding="none")
    for pool in [*campaign.pools, campaign.shared]:
        with transaction.atomic():
            job = job_create(pool=pool, judge=configuration)
            told[f"pairs of a job over {pool}"] = list(job.calls.values_list("topic", "document").order_by("position"))
            transaction.set_rollback(True)
    configuration.delete()
    labeller = LexicalLabeller(SimpleNamespace(track=track))
    told |= {"lexical teacher": labeller.teacher.name, "lexical lessons": sorted(labeller.judged)}
    for other in ("bob", "dora", "nist"):
        told[f"calibration against {other}"] = calibration_report(campaign.judge, other)
    for grader in (None, track.assessors.get(name="bob")):
        told[f"passages for nuggets by {grader}"] = relevant_passages(
            track, track.topics.all(), threshold=1, grades_of=grader
        )
    told["what an ensemble would make of them"] = ensemble_outcome(
        track, track.assessors.exclude(kind=Assessor.Kind.LLM).order_by("name"), "median", 1
    ).combined
    told["judge against people"] = [(one.a.name, one.as_dict()) for one in agreement_with_people(campaign.judge)]
    return told


def test_planted_passages_and_their_answers_are_in_nothing_that_is_computed(campaign):
    before = everything(campaign)
    campaign.plant()
    answers = Judgment.with_vigilance.filter(vigilance=True)
    assert answers.count() == 6 and PoolItem.with_planted.filter(planted_for__isnull=False).count() == 6
    after = everything(campaign)
    assert sorted(after) == sorted(before)
    traces = [name for name in before if after[name] != before[name]]
    assert traces == []


def test_the_comparison_sees_what_a_label_changes(campaign):
    """The same answers as labels would be seen nearly everywhere; so the test above does not pass for blindness."""
    before = everything(campaign)
    campaign.plant()
    second = Judgment.with_vigilance.filter(vigilance=True, document__docid__endswith=f"d{SIZE - 1}")
    second.update(vigilance=False)
    after = everything(campaign)
    seen = {name for name in before if after[name] != before[name]}
    for part in ("exports: qrels of bob", "agreements: all pairs", "agreements: sight", "agreements: flow of bob"):
        assert part in seen
    for part in ("results: leaderboard by bob", "pools_and_plans: counts", "for_judges: judge against people"):
        assert part in seen
    assert "for_judges: calibration against bob" in seen


def test_the_answers_are_where_they_belong(campaign):
    campaign.plant()
    answers = [record for record in judgment_records(campaign.track) if record["vigilance"]]
    assert len(answers) == 6 and {record["trusted_grade"] for record in answers} == {0}
    (row,) = anchoring(campaign.track).vigilance
    assert (row.planted, row.found.shown, row.found.accepted, row.found.trusted) == (6, 5, 3, 2)
