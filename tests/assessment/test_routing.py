"""Pools of what a judge is unsure of: made, kept on record, and judged by how often people differ."""

import csv
from io import StringIO

import pytest
from django.core.management import call_command

from assessment.domain.errors import DomainError
from assessment.domain.pooling import lot
from assessment.domain.routing import Rule, decide
from assessment.models import Condition, Duty, Judgment, Pool, PoolItem, Run
from assessment.selectors.routing import route_candidates, routed_pool, routing_csv
from assessment.services.pools import pool_extend
from assessment.services.routing import routed_pool_create, routing_preview
from tests.factories import make_assessor, make_duty, make_judge, make_pool, make_track, make_user, suggest

pytestmark = pytest.mark.django_db
SIZE = 60
BELOW = Rule("confidence", 0.6, 20, seed=5)


@pytest.fixture
def pool():
    """Sixty passages, by threes: sure, unsure, and of every third one in two without a label."""
    pool = make_pool(make_track(), size=SIZE)
    judge = make_judge(pool.track)
    for place, item in enumerate(pool.items.all()):
        if place % 6 != 5:
            suggest(judge, item, place % 4, confidence=0.4 if place % 3 == 1 else 0.9)
    return pool


@pytest.fixture
def judge(pool):
    return pool.track.assessors.get(name="lexical")


@pytest.fixture
def routed(pool, judge):
    return routed_pool_create(pool=pool, judge=judge, rule=BELOW, name="part", by=make_user("alice"))


def reasons(pool):
    return dict(pool.items.values_list("document__docid", "routed_because"))


def test_the_unsure_the_unjudged_and_a_drawn_share_of_the_rest_are_in_it(pool, routed, judge):
    expected = {}
    for each in route_candidates(pool, judge):
        decision = decide(each.label, BELOW, topic=each.qid, docid=each.docid)
        if decision.reason != "left":
            expected[each.docid] = (decision.reason, decision.probability)
    rows = routed.items.values_list("document__docid", "routed_because", "selection_probability")
    assert {docid: (because, probability) for docid, because, probability in rows} == expected
    counts = [list(reasons(routed).values()).count(reason) for reason in ("unsure", "unjudged", "audit")]
    assert counts[:2] == [20, 10] and 1 <= counts[2] <= 14
    assert set(routed.items.filter(routed_because="audit").values_list("selection_probability", flat=True)) == {0.2}


def test_the_rule_its_seed_and_what_it_was_applied_to_stay_on_record(pool, routed, judge):
    assert (routed.routed_from, routed.routed_by, routed.created_by.username) == (pool, judge, "alice")
    kept = routed.routing
    assert (kept["signal"], kept["threshold"], kept["audit_percent"], kept["seed"]) == ("confidence", 0.6, 20, 5)
    assert kept["labels"] == 50 and sum(kept["counts"].values()) == SIZE
    assert kept["counts"]["left"] + kept["counts"]["audit"] == 30
    assert kept["at"]


def test_runs_and_ranks_come_along_and_the_order_is_a_shuffle_that_knows_no_reason(pool, routed):
    before = dict(pool.items.values_list("document__docid", "best_rank"))
    for item in routed.items.select_related("document"):
        assert (item.best_rank, item.ranks, item.run_ids) == (before[item.document.docid],) * 1 + (
            [before[item.document.docid]],
            [1],
        )
        assert item.lot == lot(5, "q1", item.document.docid)
    in_order = list(routed.items.order_by("position").values_list("lot", flat=True))
    assert in_order == sorted(in_order)
    assert list(routed.items.order_by("position").values_list("position", flat=True)) == [*range(1, len(in_order) + 1)]


def test_the_same_seed_takes_the_same_and_another_one_another_audit(pool, judge, routed):
    again = routed_pool_create(pool=pool, judge=judge, rule=BELOW, name="again")
    other = routed_pool_create(pool=pool, judge=judge, rule=BELOW._replace(seed=6), name="other")
    assert reasons(again) == reasons(routed) != reasons(other)


def test_a_preview_counts_as_much_and_stores_nothing(pool, judge):
    preview = routing_preview(pool=pool, judge=judge, rule=BELOW)
    assert (Pool.objects.count(), preview.pairs, preview.labels) == (1, SIZE, 50)
    made = routed_pool_create(pool=pool, judge=judge, rule=BELOW, name="part")
    assert preview.counts == made.routing["counts"] and preview.to_people == made.items.count()
    (topic, counts) = preview.topics[0]
    assert (topic.qid, counts) == ("q1", preview.counts)
    by_threshold = {work.threshold: work for work in preview.workloads}
    assert by_threshold[0.6].sure == 30 and by_threshold[0.6].expected == 30 + 0.2 * 30
    assert (by_threshold[0.1].sure, by_threshold[1.0].sure) == (10, 60)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"signal": "mood"}, "no signal 'mood'"),
        ({"threshold": 1.2}, "from 0 to 1"),
        ({"threshold": float("nan")}, "from 0 to 1"),
        ({"signal": "entropy", "threshold": -1}, "0 bits or more"),
        ({"audit_percent": 101}, "from 0 to 100 %"),
        ({"seed": -1}, "A seed is a number"),
    ],
)
def test_a_rule_out_of_range_is_refused(pool, judge, change, sentence):
    with pytest.raises(DomainError, match=sentence):
        routing_preview(pool=pool, judge=judge, rule=BELOW._replace(**change))


def test_a_judge_that_never_said_how_sure_it_was_is_refused(pool, judge):
    Judgment.objects.filter(assessor=judge).update(confidence=None, distribution=None)
    for signal in ("confidence", "margin"):
        with pytest.raises(DomainError, match=f"lexical has given no {signal} with its 50 labels in pool-q1"):
            routed_pool_create(pool=pool, judge=judge, rule=BELOW._replace(signal=signal), name="part")


def test_a_person_and_a_judge_without_labels_are_refused(pool):
    bob = make_assessor(pool.track, make_user("bob"))
    with pytest.raises(DomainError, match="bob is not a judge of this track"):
        routing_preview(pool=pool, judge=bob, rule=BELOW)
    with pytest.raises(DomainError, match="idle has no labels in pool-q1 yet"):
        routing_preview(pool=pool, judge=make_judge(pool.track, "idle"), rule=BELOW)


def test_a_name_that_is_taken_and_a_pool_without_pairs_are_refused(pool, judge):
    with pytest.raises(DomainError, match="already has a pool named pool-q1"):
        routed_pool_create(pool=pool, judge=judge, rule=BELOW, name="pool-q1")
    with pytest.raises(DomainError, match="needs a name"):
        routed_pool_create(pool=pool, judge=judge, rule=BELOW, name=" ")
    pool.items.exclude(document__judgments__confidence=0.9).delete()
    with pytest.raises(DomainError, match="Nothing would go to people: lexical is sure of all 30 pairs"):
        routed_pool_create(pool=pool, judge=judge, rule=BELOW._replace(audit_percent=0), name="part")
    assert Pool.objects.count() == 1


def test_a_routed_pool_is_neither_routed_again_nor_extended(pool, routed, judge):
    with pytest.raises(DomainError, match="part is routed already: route pool-q1"):
        routing_preview(pool=routed, judge=judge, rule=BELOW)
    run = Run.objects.create(track=pool.track, tag="new", sha256="0" * 64, lines=1, uploaded_by=make_user("carol"))
    with pytest.raises(DomainError, match="a rule took from pool-q1: extend that pool, and route it anew"):
        pool_extend(pool=routed, runs={run: None})


def test_planted_passages_are_not_routed(pool, judge):
    duty = make_duty(pool, make_user("bob"), Condition.POST_EDIT, source=judge)
    item = pool.items.last()
    PoolItem.with_planted.filter(pk=item.pk).update(
        planted_for=duty, planted={"grade": 3}, trusted_grade=0, trusted_by=judge
    )
    assert routing_preview(pool=pool, judge=judge, rule=BELOW).pairs == SIZE - 1


def judge_all(routed, duty, differs):
    """Of every pair that the judge has labelled, the person says the same unless `differs` says otherwise."""
    for item in routed.items.exclude(routed_because="unjudged"):
        label = Judgment.objects.get(assessor=routed.routed_by, topic=item.topic, document=item.document).grade
        grade = (label + 1) % 4 if differs(item) else label
        Judgment.objects.create(assessor=duty.assessor, topic=item.topic, document=item.document, grade=grade)


def test_what_people_say_of_the_audit_tells_how_often_the_judge_errs_where_it_was_sure(routed):
    duty = make_duty(routed, make_user("bob"))
    audited = list(routed.items.filter(routed_because="audit").order_by("pk"))
    judge_all(routed, duty, lambda item: item in audited[:2] or item.routed_because == "unsure")
    told = routed_pool(routed)
    n = len(audited)
    assert (told.in_grades.n, told.in_grades.k, told.in_grades.drawn) == (n, 2, n)
    assert told.in_grades.total == pytest.approx(20 + 2 / 0.2)
    assert told.in_grades.graded == 50
    assert told.open == 10 and not told.shown
    assert [one.what for one in told.differing][:2] == ["in the grade", told.differing[1].what]
    assert len(told.differing) == 4 and "from 1" in told.differing[1].what
    assert dict(told.counts)["left to the judge"] == routed.routing["counts"]["left"]


def test_it_is_told_where_people_see_what_the_judge_says(routed, judge):
    make_duty(routed, make_user("bob"), Condition.POST_EDIT, source=judge)
    assert routed_pool(routed).shown


def test_grades_of_people_who_do_not_judge_the_pool_do_not_count(routed, pool):
    stranger = make_assessor(pool.track, make_user("eve"))
    for item in routed.items.all():
        Judgment.objects.create(assessor=stranger, topic=item.topic, document=item.document, grade=0)
    assert routed_pool(routed).in_grades.n == 0


def test_a_pool_that_is_not_routed_has_nothing_to_tell(pool):
    assert routed_pool(pool) is None


def test_the_estimates_take_a_fixed_number_of_queries(routed, django_assert_num_queries):
    make_duty(routed, make_user("bob"))
    with django_assert_num_queries(5):
        routed_pool(Pool.objects.get(pk=routed.pk))


def test_the_export_tells_enough_to_estimate_anew(routed):
    judge_all(routed, make_duty(routed, make_user("bob")), lambda item: False)
    rows = list(csv.DictReader(StringIO("".join(routing_csv(routed)))))
    assert len(rows) == routed.items.count()
    by_reason = {row["reason"]: row for row in rows}
    assert by_reason["unsure"]["selection_probability"] == "1.0"
    assert by_reason["unsure"]["confidence"] == "0.4"
    assert by_reason["audit"]["selection_probability"] == "0.2"
    assert by_reason["audit"]["people_grades"] == by_reason["audit"]["judge_grade"]
    assert by_reason["unjudged"]["judge_grade"] == by_reason["unjudged"]["people_grades"] == ""


def command(*arguments):
    out, err = StringIO(), StringIO()
    call_command(*map(str, arguments), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_route_pool_previews_and_makes_and_export_routing_prints(pool, judge):
    wanted = ("route_pool", "small", "--pool", "pool-q1", "--judge", "lexical", "--below", 0.6, "--audit", 20)
    out, err = command(*wanted, "--preview")
    assert out.startswith("topic\tunsure\tunjudged\taudit\tleft\nq1\t20\t10\t") and "nothing was stored" in err
    assert Pool.objects.count() == 1
    out, _ = command(*wanted, "--name", "part")
    assert "unsure 20, unjudged 10, audit" in out
    out, _ = command("export_routing", "small", "--pool", "part")
    assert out.startswith("topic,docid,reason,selection_probability,judge_grade,confidence,people_grades\n")
    with pytest.raises(DomainError, match="pool-q1 is not routed"):
        command("export_routing", "small", "--pool", "pool-q1")


def test_entropy_takes_above_and_the_others_below(pool, judge):
    wanted = ("route_pool", "small", "--pool", "pool-q1", "--judge", "lexical", "--preview")
    out, _ = command(*wanted, "--signal", "entropy", "--above", 1)
    assert "q1\t20\t10\t" in out
    with pytest.raises(DomainError, match="entropy above a threshold: give --above"):
        command(*wanted, "--signal", "entropy", "--below", 1)
    with pytest.raises(DomainError, match="margin below a threshold: give --below"):
        command(*wanted, "--signal", "margin", "--above", 1)


def test_nothing_of_the_routing_reaches_an_assessors_browser(client, routed):
    duty = make_duty(routed, make_user("bob"))
    client.force_login(duty.assessor.user)
    pages = [client.get(address).content.decode() for address in ("/", f"/judge/{duty.pk}/")]
    for item in Duty.objects.get().shown_items.all():
        pages.append(client.get(f"/judge/{duty.pk}/items/{item.pk}/").content.decode())
    for page in pages:
        for word in ("lexical", "audit", "unsure", "routed", "routing", "probability", "confidence"):
            assert word not in page.lower()
