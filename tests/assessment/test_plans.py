"""Plans: seen first, made as seen, kept with what was asked of them."""

from collections import Counter
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Duty, Judgment, PoolItem
from assessment.selectors.plans import plans_made
from assessment.selectors.progress import work_of_user
from assessment.services.duties import duties_assign, duties_leave_to
from assessment.services.people import assessor_ensure, member_remove
from assessment.services.plans import PlanSettings, plan_apply, plan_preview


def settings(*people, **more):
    return PlanSettings(people=people, weights=more.pop("weights", {"manual": 1}), **more)


def stored():
    return set(
        Duty.objects.values_list("topic__qid", "assessor__name", "condition", "reveal", "suggestion_source__name")
    )


def test_a_preview_says_who_gets_how_much_and_makes_nothing(wide_pool, bob, dora, judge):
    preview = plan_preview(
        pool=wide_pool,
        settings=settings(
            bob, dora, weights={"manual": 1, "post_edit": 1}, suggestion_source=judge, overlap_percent=50, seed=4
        ),
    )
    assert [(work.name, work.total.passages) for work in preview.works] == [("bob", 18), ("dora", 18)]
    assert preview.conditions == ["manual", "post_edit"]
    assert [share.passages for share in preview.total.shares] == [18, 18]
    assert (preview.total.seconds, preview.topics, preview.pairs, preview.left_out) == ((6, 12), 12, 24, 0)
    assert not Duty.objects.exists()


def test_what_was_shown_is_what_is_assigned(wide_pool, bob, dora, judge):
    wanted = settings(
        bob, dora, weights=dict.fromkeys(["manual", "filtered", "post_edit", "automatic"], 1),
        suggestion_source=judge, reveal="commit_then_reveal", overlap_percent=20, seed=2,
    )  # fmt: skip
    preview = plan_preview(pool=wide_pool, settings=wanted)
    assert plan_apply(pool=wide_pool, settings=wanted, shown=preview.digest) == len(preview.duties)
    assert stored() == {
        (duty.topic, duty.assessor or "lexical", duty.condition, duty.reveal, duty.suggestion_source)
        for duty in preview.duties
    }


def test_nobody_looks_at_automatic_topics_and_the_judge_is_named_for_them(wide_pool, bob, judge, track):
    weights = {"manual": 1, "automatic": 1}
    plan_apply(pool=wide_pool, settings=settings(bob, weights=weights, suggestion_source=judge))
    by_assessor = Counter(Duty.objects.values_list("assessor__name", "condition"))
    assert by_assessor == {("bob", "manual"): 6, ("lexical", "automatic"): 6}
    assert [len(work.duties) for work in work_of_user(bob)] == [6]


def test_filtered_work_is_counted_without_what_the_source_graded_0(pool, bob, nist, topics, documents):
    Judgment.objects.filter(assessor=nist, topic=topics[0], document=documents[0]).update(grade=0)
    preview = plan_preview(pool=pool, settings=settings(bob, weights={"filtered": 1}, suggestion_source=nist))
    assert preview.total.total.passages == 5
    # q1 has two grades of nist in the pool; q2 one that could not be judged, which is no grade
    assert (preview.pairs, preview.source_graded) == (6, 2)


def test_post_edit_work_is_counted_as_filtered_work_is(pool, bob, nist, topics, documents):
    Judgment.objects.filter(assessor=nist, topic=topics[0], document=documents[0]).update(grade=0)
    preview = plan_preview(pool=pool, settings=settings(bob, weights={"post_edit": 1}, suggestion_source=nist))
    assert preview.total.total.passages == 5


def test_an_overlap_by_pairs_counts_the_lots_that_are_in_the_pool(wide_pool, bob, dora):
    """Of 24 pairs the seven with the lots 100 to 106 are in the first 10 %: not 2.4, and not one in each topic."""
    for place, item in enumerate(wide_pool.items.order_by("topic__position", "position")):
        PoolItem.objects.filter(pk=item.pk).update(lot=100 + place if place < 7 else 110 + place)
    wanted = settings(bob, dora, overlap_percent=10, overlap_of="pairs", seed=4)
    preview = plan_preview(pool=wide_pool, settings=wanted)
    assert (preview.total.seconds, preview.total.total) == ((12, 7), (24, 31))
    assert abs(preview.works[0].total.passages - preview.works[1].total.passages) <= 2
    plan_apply(pool=wide_pool, settings=wanted)
    assert Counter(Duty.objects.values_list("sample_percent", flat=True)) == {100: 12, 10: 12}
    works = [work for user in (bob, dora) for work in work_of_user(user)]
    assert [work.total for work in works] == [work.total.passages for work in preview.works]


def test_the_order_goes_with_every_duty_that_people_have(wide_pool, bob, judge):
    weights = {"manual": 1, "automatic": 1}
    plan_apply(pool=wide_pool, settings=settings(bob, weights=weights, suggestion_source=judge, order="docid"))
    assert set(Duty.objects.values_list("condition", "order")) == {("manual", "docid"), ("automatic", "")}


def test_a_preview_says_how_many_vigilance_items_there_can_be(wide_pool, bob, dora, judge, trusted, documents):
    wanted = settings(
        bob, dora, weights={"manual": 1, "post_edit": 1}, suggestion_source=judge, vigilance_percent=100,
        trusted=trusted, seed=3,
    )  # fmt: skip
    preview = plan_preview(pool=wide_pool, settings=wanted)
    assert preview.total.planted == (12, 12)
    assert [share.passages for share in preview.total.shares] == [12, 24]
    Judgment.objects.filter(assessor=trusted, document=documents[3]).delete()
    preview = plan_preview(pool=wide_pool, settings=wanted)
    assert preview.total.planted == (6, 12)
    assert not PoolItem.with_planted.filter(planted_for__isnull=False).exists()
    plan_apply(pool=wide_pool, settings=wanted, shown=preview.digest)
    assert PoolItem.with_planted.filter(planted_for__isnull=False).count() == 6
    works = [work for user in (bob, dora) for work in work_of_user(user)]
    assert [work.total for work in works] == [work.total.passages for work in preview.works]


def test_another_share_of_vigilance_is_another_plan(wide_pool, bob, judge, trusted):
    asked = {"weights": {"post_edit": 1}, "suggestion_source": judge, "trusted": trusted}
    shown = plan_preview(pool=wide_pool, settings=settings(bob, vigilance_percent=50, **asked)).digest
    with pytest.raises(DomainError, match="not the one that was shown"):
        plan_apply(pool=wide_pool, settings=settings(bob, vigilance_percent=60, **asked), shown=shown)


def test_what_was_asked_of_a_plan_is_kept_with_its_duties(wide_pool, alice, bob, dora, judge, assessor_bob, topics):
    wanted = settings(
        bob, dora, weights={"manual": 1, "filtered": 2}, suggestion_source=judge, overlap_percent=20,
        overlap_of="pairs", seed=7,
    )  # fmt: skip
    stored = plan_apply(pool=wide_pool, settings=wanted, by=alice)
    [made] = plans_made(wide_pool)
    assert (made.plan.made_by, made.standing, made.asked["duties"]) == (alice, stored, 24)
    assert made.asked == {
        "people": ["bob", "dora"],
        "weights": {"manual": 1, "filtered": 2},
        "suggestion_source": "lexical",
        "reveal": "always",
        "overlap_percent": 20,
        "overlap_of": "pairs",
        "order": "",
        "vigilance_percent": 0,
        "trusted": None,
        "ranked_by": None,
        "seed": 7,
        "every_topic": False,
        "duties": 24,
    }
    # by hand, under other terms: this one is no more as the plan made it
    mine = Duty.objects.filter(assessor=assessor_bob, condition="manual").first()
    duties_assign(pool=wide_pool, assessor=assessor_bob, topics=[mine.topic], condition="manual", order="docid")
    [made] = plans_made(wide_pool)
    assert made.standing == 23


def test_a_refused_plan_is_not_kept(wide_pool, bob, dora):
    with pytest.raises(DomainError):
        plan_apply(pool=wide_pool, settings=settings(bob, dora), shown="0")
    assert plans_made(wide_pool) == []


def test_a_plan_is_made_and_shown_with_as_many_queries_for_many_as_for_few(
    wide_pool, track, bob, dora, alice, judge, trusted
):
    few = settings(bob, weights={"post_edit": 1, "manual": 1, "automatic": 1}, suggestion_source=judge, seed=1,
        vigilance_percent=50, trusted=trusted)  # fmt: skip
    many = replace(few, people=[alice, bob, dora], overlap_percent=50)
    counts = []
    for wanted in (few, many):
        member = plan_preview(pool=wide_pool, settings=wanted)
        with CaptureQueriesContext(connection) as shown:
            plan_preview(pool=wide_pool, settings=wanted)
        assessor_ensure(track=track, user=alice)
        with CaptureQueriesContext(connection) as made:
            plan_apply(pool=wide_pool, settings=wanted)
        counts.append((len(shown), len(made)))
        assert Duty.objects.count() == len(member.duties)
        Duty.objects.all().delete()
    assert counts[0] == counts[1]
    assert counts[0][0] <= 16
    assert counts[0][1] <= 36


def test_a_plan_that_is_not_the_one_shown_is_not_made(wide_pool, bob, dora):
    preview = plan_preview(pool=wide_pool, settings=settings(bob, dora, seed=1))
    with pytest.raises(DomainError, match="not the one that was shown"):
        plan_apply(pool=wide_pool, settings=settings(bob, dora, seed=2), shown=preview.digest)
    assert not Duty.objects.exists()


def test_topics_that_somebody_has_are_left_out_unless_asked_for(wide_pool, bob, dora, topics, assessor_bob):
    duties_assign(pool=wide_pool, assessor=assessor_bob, topics=topics, condition="manual")
    preview = plan_preview(pool=wide_pool, settings=settings(bob, dora))
    assert (preview.topics, preview.left_out, preview.total.already) == (9, 3, 3)
    assert plan_preview(pool=wide_pool, settings=settings(bob, dora, every_topic=True)).topics == 12
    plan_apply(pool=wide_pool, settings=settings(bob, dora))
    with pytest.raises(DomainError, match="has been given to somebody"):
        plan_preview(pool=wide_pool, settings=settings(bob))


def test_an_organizer_without_duties_so_far_is_made_an_assessor_by_assigning_only(pool, track, alice):
    plan_preview(pool=pool, settings=settings(alice))
    assert not Assessor.objects.filter(track=track, user=alice).exists()
    assert plan_apply(pool=pool, settings=settings(alice)) == 3
    assert {row[1] for row in stored()} == {"alice"}


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"weights": {"filtered": 1}}, "Name whose suggestions the condition “filtered” uses"),
        ({"weights": {"automatic": 1}}, "Name whose suggestions the condition “automatic” uses"),
        ({"weights": {"post_edit": 1}, "reveal": "never", "source": "judge"}, "choose whether always"),
        ({"weights": {"filtered": 1}, "source": "bob"}, "own grades"),
        ({"weights": {"automatic": 1}, "source": "bob"}, "nobody looks, and bob is a person"),
        ({"weights": {"manual": 0}}, "needs a condition"),
        ({"overlap_percent": 10}, "at least two people"),
    ],
)
def test_what_cannot_be_assigned_is_refused_in_the_preview_and_when_it_is_made(
    pool, bob, judge, assessor_bob, more, sentence
):
    source = {"judge": judge, "bob": assessor_bob}.get(more.pop("source", None)) if "source" in more else None
    for service in (plan_preview, plan_apply):
        with pytest.raises(DomainError, match=sentence):
            service(pool=pool, settings=settings(bob, suggestion_source=source, **more))
    assert not Duty.objects.exists()


def test_one_refused_duty_refuses_the_whole_plan(wide_pool, alice, bob, dora, judge, assessor_bob, topics, documents):
    """bob has begun q1 under manual: whatever the plan gives to dora is not made either."""
    duties_assign(pool=wide_pool, assessor=assessor_bob, condition="manual")
    Judgment.objects.create(assessor=assessor_bob, topic=topics[0], document=documents[0], grade=1)
    wanted = settings(
        bob, dora, weights={"filtered": 1}, suggestion_source=judge, overlap_percent=100, every_topic=True
    )
    for service in (plan_preview, plan_apply):
        with pytest.raises(DomainError, match="bob has begun topic q1 under other terms"):
            service(pool=wide_pool, settings=wanted)
    assert not Duty.objects.filter(assessor__name="dora").exists()


def test_people_without_a_role_are_refused(pool, track, alice, bob):
    member_remove(track=track, user=bob, by=alice)
    for service in (plan_preview, plan_apply):
        with pytest.raises(DomainError, match="set the role first"):
            service(pool=pool, settings=settings(bob))


def test_topics_are_left_to_a_judge_once(pool, judge, topics, documents):
    assert duties_leave_to(pool=pool, source=judge, topics=topics[:2]) == 2
    assert duties_leave_to(pool=pool, source=judge, topics=topics) == 1
