"""The figures of the organizer's board, counted by hand in a small world."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from assessment.models import Assessor, Document, Duty, Judgment, Lease, Membership, Pool, PoolItem, Role, Topic
from assessment.selectors.attention import attention_of, board_digest, idle_leases
from assessment.selectors.board import Filter, board_of, duty_cell, pools_with_duties
from assessment.services.duties import duties_assign, duties_leave_to
from assessment.services.judgments import judgment_record

from .conftest import person


@pytest.fixture
def dora(track):
    user = person("dora")
    Membership.objects.create(track=track, user=user, role=Role.ASSESSOR)
    return Assessor.objects.create(track=track, user=user, kind="human", name="dora")


@pytest.fixture
def two(pool, assessor_bob, dora, topics):
    """bob has all three topics, dora the first."""
    duties_assign(pool=pool, assessor=assessor_bob, condition="manual")
    duties_assign(pool=pool, assessor=dora, condition="manual", topics=topics[:1])
    return pool


def judge_it(assessor, topic, document, grade=1, **more):
    return Judgment.objects.create(
        assessor=assessor,
        topic=topic,
        document=document,
        state=more.pop("state", "graded"),
        grade=grade,
        **more,
    )


def cell_of(board, name, qid):
    return next(
        cell for cell in board.cells if (cell.duty.assessor.name, cell.duty.topic.qid) == (name, qid)
    )  # fmt: skip


def test_topics_stand_down_and_people_across(two):
    board = board_of(two)
    assert [one.assessor.name for one in board.people] == ["bob", "dora"]
    assert [[cell is not None for cell in row.cells] for row in board.rows] == [
        [True, True],
        [True, False],
        [True, False],
    ]
    assert [(row.topic.qid, row.size, row.done, row.relevant) for row in board.rows] == [
        ("q1", 2, 0, 0),
        ("q2", 2, 0, 0),
        ("q3", 2, 0, 0),
    ]


def test_a_cell_counts_what_its_duty_shows(two, assessor_bob, topics, documents):
    judge_it(assessor_bob, topics[0], documents[0], 2)
    judge_it(assessor_bob, topics[0], documents[1], None, state="skipped")
    judge_it(assessor_bob, topics[1], documents[0], None, state="unjudgeable", reason="cut off")
    board = board_of(two)
    first, second = cell_of(board, "bob", "q1"), cell_of(board, "bob", "q2")
    assert (first.done, first.total, first.put_off, first.left, first.state) == (1, 2, 1, 1, "working")
    assert (second.done, second.total, second.put_off) == (1, 2, 0)
    assert (board.done, board.size, board.left) == (2, 8, 6)
    assert duty_cell(first.duty).done == 1


def test_states_are_told_apart(two, assessor_bob, dora, topics, documents):
    yesterday = timezone.localdate() - timedelta(days=1)
    Duty.objects.filter(assessor=assessor_bob, topic=topics[1]).update(due_on=yesterday)
    Duty.objects.filter(assessor=assessor_bob, topic=topics[2]).update(due_on=yesterday, closed_at=timezone.now())
    for document in documents[:2]:
        judge_it(dora, topics[0], document)
    Duty.objects.filter(assessor=dora).update(due_on=yesterday)
    board = board_of(two)
    states = {(cell.duty.assessor.name, cell.duty.topic.qid): cell.state for cell in board.cells}
    assert states == {
        ("bob", "q1"): "not begun",
        ("bob", "q2"): "overdue",
        ("bob", "q3"): "closed",
        ("dora", "q1"): "done",
    }
    assert board.people[0].size == 4  # of the closed topic nothing is left


def test_relevant_is_what_anybody_grades_so_and_each_passage_counts_once(two, assessor_bob, dora, topics, documents):
    judge_it(assessor_bob, topics[0], documents[0], 0)
    judge_it(dora, topics[0], documents[0], 1)
    judge_it(assessor_bob, topics[0], documents[1], 3)
    judge_it(dora, topics[0], documents[1], 2)
    judge_it(dora, topics[0], documents[4], 3)  # not of the pool
    row = board_of(two).rows[0]
    assert (row.size, row.done, row.relevant) == (2, 2, 2)


def test_agreement_is_of_the_passages_that_two_graded(two, assessor_bob, dora, topics, documents):
    for one, grades in ((assessor_bob, [0, 2]), (dora, [0, 3])):
        for document, grade in zip(documents, grades, strict=False):
            judge_it(one, topics[0], document, grade)
    judge_it(assessor_bob, topics[1], documents[0], 1)
    board = board_of(two)
    cell = cell_of(board, "bob", "q1")
    assert (cell.compared, cell.equal, cell.equal_share) == (2, 1, 0.5)
    assert cell_of(board, "bob", "q2").equal_share is None
    assert (board.compared, board.apart, board.equal_share) == (2, 1, 0.5)
    assert board.kappa == pytest.approx(1 / 3)  # observed 1/2, expected 1/4
    assert attention_of(board).farthest == (assessor_bob, dora, 1)


def test_pace_rests_on_the_active_time_of_two_days(two, assessor_bob, topics, documents):
    now = timezone.now()
    judge_it(assessor_bob, topics[0], documents[0], active_ms=10_000, created_at=now, updated_at=now)
    judge_it(assessor_bob, topics[0], documents[1], active_ms=30_000, created_at=now, updated_at=now)
    old = now - timedelta(days=3)
    judge_it(assessor_bob, topics[1], documents[0], active_ms=50_000, created_at=old, updated_at=old)
    judge_it(assessor_bob, topics[2], documents[0], created_at=old, updated_at=old)  # nobody took the time
    bob = board_of(two).people[0]
    assert (bob.today, bob.recent, bob.per_hour) == (2, 2, 180)
    assert (bob.median_ms, bob.left, bob.left_ms) == (30_000, 2, 60_000)


def test_unknown_times_are_none_and_never_nought(two):
    board = board_of(two)
    bob = board.people[0]
    assert (bob.per_hour, bob.median_ms, bob.left_ms, board.per_day, board.ends_on, board.kappa) == (None,) * 6


def test_the_projected_end_waits_for_a_day_to_go_by(two, assessor_bob, topics, documents):
    judged = judge_it(assessor_bob, topics[0], documents[0])
    assert board_of(two).ends_on is None
    Judgment.objects.filter(pk=judged.pk).update(created_at=timezone.now() - timedelta(days=5))
    board = board_of(two)
    assert board.per_day == pytest.approx(0.5)
    assert board.ends_on == timezone.localdate() + timedelta(days=14)  # 7 are left


def test_planted_passages_are_work_and_nothing_else(two, assessor_bob, dora, nist, topics, documents):
    duty = Duty.objects.get(assessor=assessor_bob, topic=topics[0])
    PoolItem.with_planted.create(
        pool=two, topic=topics[0], document=documents[3], position=9, best_rank=1, lot=1, run_ids=[], ranks=[],
        planted_for=duty, planted={"grade": 3}, trusted_grade=0, trusted_by=nist,
    )  # fmt: skip
    Judgment.with_vigilance.create(
        assessor=assessor_bob, topic=topics[0], document=documents[3], grade=3, vigilance=True
    )
    board = board_of(two)
    cell = cell_of(board, "bob", "q1")
    assert (cell.done, cell.total) == (1, 3)
    assert (board.rows[0].size, board.rows[0].done, board.rows[0].relevant) == (2, 0, 0)
    assert (cell_of(board, "dora", "q1").total, board.compared) == (2, 0)


def test_topics_left_to_a_judge_are_somebodys_and_no_persons_work(pool, judge, topics, documents):
    duties_leave_to(pool=pool, source=judge, topics=topics[:1])
    judge_it(judge, topics[0], documents[0], 2)
    board = board_of(pool)
    assert [(one.assessor, one.is_person) for one in board.people] == [(judge, False)]
    assert (board.size, board.done, board.rows[0].relevant) == (0, 0, 1)
    attention = attention_of(board)
    assert [row.topic.qid for row in attention.unassigned] == ["q2", "q3"]
    assert (attention.silent, attention.overdue) == ([], [])


def test_the_pile_of_a_shared_pool_counts_once(two, assessor_bob, dora, topics, documents):
    two.quota, two.overlap_percent = 1, 2  # of lots 1 and 2 the first pair gets a second person
    two.save()
    board = board_of(two)
    assert [row.seats for row in board.rows] == [3, 2, 2]  # only q1 has a second person
    judge_it(assessor_bob, topics[0], documents[0])
    judge_it(dora, topics[0], documents[1])
    board = board_of(two)
    assert ([row.seats for row in board.rows], board.done, board.left, board.size) == ([1, 2, 2], 2, 5, 7)
    Duty.objects.filter(assessor=dora).update(closed_at=timezone.now())
    assert board_of(two).rows[0].seats == 0  # nobody is there who could judge d1 a second time


def test_filters_narrow_what_is_shown_and_never_the_figures(two, assessor_bob, dora, judge, topics, documents):
    Duty.objects.filter(assessor=assessor_bob, topic=topics[2]).update(condition="filtered", suggestion_source=judge)
    for document in documents[:2]:
        judge_it(assessor_bob, topics[1], document)

    def shown(**narrowed):
        board = board_of(two, Filter(**narrowed))
        assert (board.done, board.size) == (2, 8)
        return [one.assessor.name for one in board.shown_people], [row.topic.qid for row in board.shown_rows]

    assert shown() == (["bob", "dora"], ["q1", "q2", "q3"])
    assert shown(person=dora.pk) == (["dora"], ["q1"])
    assert shown(condition="filtered") == (["bob"], ["q3"])
    assert shown(only_open=True) == (["bob", "dora"], ["q1", "q3"])
    assert shown(person=10**9) == ([], [])


def test_the_pool_with_the_newest_duty_comes_first(track, pool, assessor_bob, topics):
    newer = Pool.objects.create(track=track, name="newer", depth=1)
    assert [each.name for each in pools_with_duties(track)] == ["newer", "pool-2"]
    duties_assign(pool=pool, assessor=assessor_bob, condition="manual")
    assert [each.name for each in pools_with_duties(track)] == ["pool-2", newer.name]


def test_reasons_are_flags_and_putting_off_without_one_is_not(two, assessor_bob, topics, documents):
    judge_it(assessor_bob, topics[0], documents[0], None, state="unjudgeable", reason="in Latin")
    judge_it(assessor_bob, topics[0], documents[1], None, state="skipped", reason="ask somebody")
    judge_it(assessor_bob, topics[1], documents[0], None, state="skipped")
    attention = attention_of(board_of(two))
    assert attention.flagged == 2
    assert {(flag.docid, flag.state, flag.reason) for flag in attention.flags} == {
        ("d1", "unjudgeable", "in Latin"),
        ("d2", "skipped", "ask somebody"),
    }


def lease(duty, place, **more):
    times = {"expires_at": timezone.now() + timedelta(minutes=2), "tab": uuid4()} | more
    item = duty.pool.items.get(topic=duty.topic, position=place)
    return Lease.objects.create(item=item, assessor=duty.assessor, duty=duty, **times)


def test_a_desk_is_idle_when_its_lease_is_over_or_its_holder_judges_nothing(two, assessor_bob, dora, topics, documents):
    long_ago, now = timezone.now() - timedelta(minutes=11), timezone.now()
    bobs = {duty.topic.qid: duty for duty in Duty.objects.filter(assessor=assessor_bob)}
    over = lease(bobs["q1"], 1, claimed_at=long_ago, expires_at=now - timedelta(seconds=1))
    lease(bobs["q2"], 1, claimed_at=now)
    doras = lease(Duty.objects.get(assessor=dora), 1, claimed_at=long_ago, is_open=True)
    assert idle_leases(bobs["q1"]) == [over.pk]
    assert idle_leases(bobs["q2"]) == []
    idle = attention_of(board_of(two)).idle
    assert {(desk.assessor, desk.qid, desk.passages, desk.live) for desk in idle} == {
        ("bob", "q1", 1, False),
        ("dora", "q1", 1, True),
    }
    judge_it(dora, topics[2], documents[5], updated_at=now)  # somewhere: she is at work
    assert idle_leases(doras.duty) == []
    judge_it(assessor_bob, topics[0], documents[0])  # what is judged lies on no desk
    assert idle_leases(bobs["q1"]) == []


def test_a_duty_is_silent_after_two_days_and_a_finished_or_closed_one_never(two, assessor_bob, dora, topics, documents):
    long_ago = timezone.now() - timedelta(days=3)
    Duty.objects.update(created_at=long_ago)
    judge_it(assessor_bob, topics[0], documents[0], updated_at=timezone.now())
    for document in documents[:2]:
        judge_it(dora, topics[0], document, updated_at=long_ago)
    Duty.objects.filter(assessor=assessor_bob, topic=topics[1]).update(closed_at=timezone.now())
    silent = attention_of(board_of(two)).silent
    assert [(cell.duty.assessor.name, cell.duty.topic.qid) for cell in silent] == [("bob", "q3")]


def test_missing_labels_of_a_source_are_counted_once_a_pair(two, judge, topics, documents):
    Duty.objects.filter(topic=topics[0]).update(condition="filtered", suggestion_source=judge)
    assert [(each.source, each.pairs) for each in attention_of(board_of(two)).unlabelled] == [(judge, 2)]
    judge_it(judge, topics[0], documents[0], 0)
    assert [each.pairs for each in attention_of(board_of(two)).unlabelled] == [1]


def test_a_pool_where_all_is_well_needs_nothing(two):
    assert attention_of(board_of(two)).count == 0


def test_the_digest_stays_while_nothing_happens_and_changes_with_every_kind_of_news(
    two, assessor_bob, bob, judge, topics, documents, monkeypatch
):
    now = timezone.now()
    monkeypatch.setattr("assessment.selectors.attention.timezone.now", lambda: now)
    duty = Duty.objects.get(assessor=assessor_bob, topic=topics[0])
    seen = [board_digest(two)]
    assert board_digest(two) == seen[0]

    def changed():
        seen.append(board_digest(two))
        return len(set(seen)) == len(seen)

    judgment_record(
        duty=duty, item=two.items.get(topic=topics[0], position=1), grade=1, idempotency_key=uuid4(), actor=bob
    )
    assert changed()
    Duty.objects.filter(pk=duty.pk).update(condition="filtered", suggestion_source=judge)
    assert changed()
    judge_it(judge, topics[0], documents[0], 0)
    assert changed()
    Duty.objects.filter(pk=duty.pk).update(due_on=timezone.localdate())
    assert changed()
    held = lease(duty, 2, claimed_at=now - timedelta(minutes=3))
    seen.append("")
    assert board_digest(two) == seen[-2]  # somebody at work is no news
    Lease.objects.filter(pk=held.pk).update(expires_at=now - timedelta(minutes=1))
    assert changed()
    monkeypatch.setattr("assessment.selectors.attention.timezone.now", lambda: now + timedelta(minutes=1))
    assert changed()


def test_the_board_asks_as_often_for_much_as_for_little(track, pool, two, dora, topics, django_assert_num_queries):
    pool = Pool.objects.select_related("track").get(pk=pool.pk)
    with django_assert_num_queries(10):
        attention_of(board_of(pool))
    more = Topic.objects.bulk_create(
        Topic(track=track, qid=f"m{number}", query="x", position=number) for number in range(10, 40)
    )
    document = Document.objects.first()
    PoolItem.objects.bulk_create(
        PoolItem(pool=pool, topic=topic, document=document, position=1, best_rank=1, lot=1, run_ids=[], ranks=[])
        for topic in more
    )
    duties_assign(pool=pool, assessor=dora, condition="manual", topics=more)
    with django_assert_num_queries(10):
        attention_of(board_of(pool))
