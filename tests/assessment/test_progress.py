from datetime import timedelta

import pytest
from django.utils import timezone

from assessment.models import Assessor, Duty, Judgment, Membership
from assessment.selectors.judging import column_progress, pool_column
from assessment.selectors.progress import duty_progress, work_of_user
from assessment.services.duties import duties_assign


@pytest.fixture
def suggested(judge, topics, documents):
    """The judge gave d1 a 0 and d2 a 2 on every topic."""
    Judgment.objects.bulk_create(
        Judgment(assessor=judge, topic=topic, document=document, grade=grade)
        for topic in topics
        for document, grade in zip(documents[:2], [0, 2], strict=True)
    )
    return judge


def test_put_off_passages_are_not_done(pool, assessor_bob, bob, topics, documents):
    duties_assign(pool=pool, assessor=assessor_bob, condition="manual")
    Judgment.objects.create(assessor=assessor_bob, topic=topics[0], document=documents[0], grade=1)
    Judgment.objects.create(assessor=assessor_bob, topic=topics[0], document=documents[1], state="skipped")
    Judgment.objects.create(assessor=assessor_bob, topic=topics[1], document=documents[0], state="unjudgeable")
    (work,) = work_of_user(bob)
    assert [(one.done, one.total) for one in work.duties] == [(1, 2), (1, 2), (0, 2)]
    assert (work.done, work.total, work.finished, work.next_duty.topic) == (2, 6, False, topics[0])


def test_judgments_of_passages_outside_the_pool_do_not_count(pool, assessor_bob, bob, topics, documents):
    duties_assign(pool=pool, assessor=assessor_bob, condition="manual")
    Judgment.objects.create(assessor=assessor_bob, topic=topics[0], document=documents[4], grade=1)
    assert work_of_user(bob)[0].done == 0


@pytest.mark.parametrize("condition", ["manual", "filtered", "post_edit"])
def test_the_counts_are_those_of_the_judging_page(pool, assessor_bob, suggested, topics, documents, condition):
    duties_assign(
        pool=pool,
        assessor=assessor_bob,
        condition=condition,
        reveal="always" if condition == "post_edit" else "never",
        suggestion_source=None if condition == "manual" else suggested,
    )
    Judgment.objects.create(assessor=assessor_bob, topic=topics[0], document=documents[0], grade=1)
    ours = [(one.done, one.total) for one in duty_progress(Duty.objects.order_by("topic__position"))]
    theirs = [tuple(column_progress(pool_column(duty))) for duty in Duty.objects.order_by("topic__position")]
    assert ours == theirs


def test_filtered_duties_leave_out_what_the_source_graded_zero(pool, assessor_bob, suggested, bob):
    duties_assign(pool=pool, assessor=assessor_bob, condition="filtered", suggestion_source=suggested)
    assert work_of_user(bob)[0].total == 3


def test_withdrawn_people_have_no_work(pool, assessor_bob, bob):
    duties_assign(pool=pool, assessor=assessor_bob, condition="manual")
    Membership.objects.filter(user=bob).delete()
    assert work_of_user(bob) == []


def test_nothing_more_is_to_be_done_of_a_closed_duty(pool, assessor_bob, bob, topics, documents):
    duties_assign(pool=pool, assessor=assessor_bob, condition="manual")
    Judgment.objects.create(assessor=assessor_bob, topic=topics[0], document=documents[0], grade=1)
    Duty.objects.filter(topic=topics[0]).update(closed_at=timezone.now())
    (work,) = work_of_user(bob)
    assert (work.done, work.total, work.next_duty.topic) == (1, 5, topics[1])
    Duty.objects.update(closed_at=timezone.now())
    assert work_of_user(bob)[0].finished


def test_work_tells_what_is_due_next_and_what_the_organizer_said(pool, assessor_bob, bob, topics):
    duties_assign(pool=pool, assessor=assessor_bob, condition="manual")
    today = timezone.localdate()
    Duty.objects.filter(topic=topics[1]).update(due_on=today, message="Look at d2 again.")
    Duty.objects.filter(topic=topics[2]).update(due_on=today - timedelta(days=1), closed_at=timezone.now(), message="x")
    (work,) = work_of_user(bob)
    assert work.due_on == today
    assert [duty.message for duty in work.told] == ["Look at d2 again."]


def test_in_a_shared_pool_what_others_judged_is_not_left(pool, track, assessor_bob, alice, topics, documents):
    pool.quota = 1
    pool.save()
    other = Assessor.objects.create(track=track, kind="human", user=alice, name="alice")
    duties_assign(pool=pool, assessor=assessor_bob, condition="manual", topics=topics[:1])
    duties_assign(pool=pool, assessor=other, condition="manual", topics=topics[:1])
    Judgment.objects.create(assessor=other, topic=topics[0], document=documents[0], grade=1)
    bobs, alices = duty_progress(Duty.objects.order_by("assessor__name")[::-1])
    assert (bobs.done, bobs.left, bobs.total) == (0, 1, 1)
    assert (alices.done, alices.left, alices.finished) == (1, 1, False)
