import pytest

from assessment.models import Assessor, Duty, Judgment, Membership
from assessment.selectors.judging import column_progress, pool_column
from assessment.selectors.progress import duty_progress, pool_board, work_in_pool, work_of_user
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


def test_the_board_has_topics_down_and_people_across(pool, track, assessor_bob, alice, topics):
    other = Assessor.objects.create(track=track, kind="human", user=alice, name="alice")
    duties_assign(pool=pool, assessor=assessor_bob, condition="manual")
    duties_assign(pool=pool, assessor=other, condition="manual", topics=topics[:1])
    works = work_in_pool(pool)
    assert [work.assessor.name for work in works] == ["alice", "bob"]
    board = pool_board(pool, works)
    assert [[cell is not None for cell in row.cells] for row in board] == [[True, True], [False, True], [False, True]]
    assert [row.size for row in board] == [2, 2, 2]
