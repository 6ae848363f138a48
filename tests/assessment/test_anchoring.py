"""Anchoring from the rows of a track: its figures worked by hand, its page and its command."""

import json
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.urls import reverse

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Condition, Judgment, PoolItem, Reveal
from assessment.selectors.anchoring import anchoring
from assessment.selectors.postedit import postedit_flow
from assessment.services.judgments import judgment_record, judgment_undo
from tests.factories import make_duty, make_judge, make_pool, make_track, make_user, suggest

pytestmark = pytest.mark.django_db
LABELS = [0, 1, 2, 3, 2]  # the judge's, of every topic


@pytest.fixture
def track():
    return make_track()


@pytest.fixture
def judge(track):
    return make_judge(track)


@pytest.fixture
def bob():
    return make_user("bob")


def topic(judge, qid, user, condition, reveal=None):
    """A duty in a topic of its own, labelled by the judge."""
    pool = make_pool(judge.track, qid=qid)
    for item, label in zip(pool.items.order_by("position"), LABELS, strict=True):
        suggest(judge, item, label)
    return make_duty(pool, user, condition, reveal, None if condition == Condition.MANUAL else judge)


def give(duty, grades):
    """A grade for each place: {position: grade}."""
    for place, grade in grades.items():
        item = duty.pool.items.get(position=place)
        judgment_record(duty=duty, item=item, grade=grade, idempotency_key=uuid4(), actor=duty.assessor.user)


def plant(duty, place, planted, trusted, given=None):
    """A planted passage with a wrong label, and the answer to it."""
    document = make_pool(duty.pool.track, size=1, qid=f"planted-{duty.pk}-{place}").items.get().document
    item = PoolItem.with_planted.create(
        pool=duty.pool, topic=duty.topic, document=document, position=90 + place, best_rank=1, lot=place,
        run_ids=[], ranks=[], planted_for=duty, planted={"grade": planted}, trusted_grade=trusted,
        trusted_by=duty.suggestion_source,
    )  # fmt: skip
    if given is not None:
        judgment_record(duty=duty, item=item, grade=given, idempotency_key=uuid4(), actor=duty.assessor.user)


@pytest.fixture
def study(judge, bob):
    """bob in all three ways: label 1 2 3 2 in sight, 0 1 2 3 2 unseen by hand, 1 2 before a reveal."""
    give(topic(judge, "seen", bob, Condition.POST_EDIT), {2: 1, 3: 2, 4: 3, 5: 1})
    give(topic(judge, "plain", bob, Condition.MANUAL), {1: 0, 2: 0, 3: 2, 4: 1, 5: 2})
    later = topic(judge, "later", bob, Condition.POST_EDIT, Reveal.COMMIT_THEN_REVEAL)
    give(later, {2: 0, 3: 1})
    give(later, {2: 1, 3: 1})
    return judge.track


def test_grades_in_sight_are_held_against_grades_out_of_sight(study, judge):
    (row,) = anchoring(study).sight
    assert (row.assessor.name, row.source) == ("bob", judge)
    assert (row.ways["in_sight"].n, row.ways["in_sight"].same, row.ways["in_sight"].bias) == (4, 0.75, -0.25)
    assert row.ways["in_sight"].topics == 1
    # Manual: differences 0 -1 0 -2 0; before the reveal: -1 -1.
    assert (row.ways["manual"].n, row.ways["manual"].same, row.ways["manual"].bias) == (5, 0.6, -0.6)
    assert (row.ways["before_reveal"].n, row.ways["before_reveal"].same) == (2, 0.0)
    assert (row.ways["out_of_sight"].n, row.ways["out_of_sight"].topics) == (7, 2)
    assert row.ways["out_of_sight"].same == pytest.approx(3 / 7)


def test_labels_of_0_are_set_aside_because_filtered_pools_have_none(study):
    (row,) = anchoring(study).sight
    assert (row.above["manual"].n, row.above["out_of_sight"].n, row.above["in_sight"].n) == (4, 6, 4)
    assert row.difference == pytest.approx(3 / 4 - 2 / 6)


def test_filtered_and_post_edit_passages_without_a_label_in_sight_are_out_of_sight(judge, bob):
    give(topic(judge, "filtered", bob, Condition.FILTERED), {2: 1, 3: 1})
    duty = topic(judge, "late", bob, Condition.POST_EDIT)
    judgment_record(
        duty=duty, item=duty.pool.items.get(position=4), grade=3, idempotency_key=uuid4(), actor=bob,
        suggestion_seen=False,
    )  # fmt: skip
    (row,) = anchoring(judge.track).sight
    assert (row.ways["filtered"].n, row.ways["unseen"].n, row.ways["in_sight"].n) == (2, 1, 0)
    assert row.difference is None


def test_all_people_stand_first_and_imported_rows_apart(study, judge):
    give(topic(judge, "dora", make_user("dora"), Condition.POST_EDIT), {2: 1})
    nist = Assessor.objects.create(track=study, kind=Assessor.Kind.IMPORTED, name="nist")
    seen = study.topics.get(qid="seen")
    document = seen.pool_items.get(position=3).document
    Judgment.objects.create(
        assessor=nist, topic=seen, document=document, grade=1, condition="post_edit", suggestion_grade=2
    )
    rows = anchoring(study).sight
    told = [(row.assessor and row.assessor.name, row.source and row.source.name) for row in rows]
    assert told == [(None, "lexical"), ("bob", "lexical"), ("dora", "lexical"), ("nist", None)]
    assert [row.ways["in_sight"].n for row in rows] == [5, 4, 1, 1]
    assert rows[0].ways["in_sight"].topics == 2


def test_before_and_after_the_reveal(judge, bob):
    duty = topic(judge, "later", bob, Condition.POST_EDIT, Reveal.COMMIT_THEN_REVEAL)
    give(duty, {1: 0, 2: 3, 3: 0, 4: 0, 5: 1})  # labels 0 1 2 3 2
    give(duty, {2: 1, 3: 1, 4: 0, 5: 3})
    (row,) = anchoring(judge.track).reveals
    found = row.found
    assert (found.n, found.unchanged, found.to_label, found.toward, found.across, found.away) == (5, 2, 1, 1, 1, 0)
    assert row.decided == 4
    assert found.matrix.tolist() == [[2, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 1, 0, 0]]
    assert (found.before.same, found.after.same) == (0.2, 0.4)
    assert (found.before.bias, found.after.bias) == (-4 / 5, -3 / 5)


def test_a_grade_taken_back_is_no_revision(judge, bob):
    duty = topic(judge, "later", bob, Condition.POST_EDIT, Reveal.COMMIT_THEN_REVEAL)
    give(duty, {2: 3, 3: 0})
    judgment_undo(duty=duty, item=duty.pool.items.get(position=3), idempotency_key=uuid4(), actor=bob)
    (row,) = anchoring(judge.track).reveals
    assert (row.found.n, row.found.unchanged, row.decided) == (1, 1, 0)


def test_planted_labels_count_in_their_own_part_only(study, judge, bob):
    before = anchoring(study).as_dict()
    duty = bob.assessors.get().duties.get(topic__qid="seen")
    for place, (planted, trusted, given) in enumerate([(3, 0, 3), (3, 0, 0), (3, 1, 2), (0, 2, None)], 1):
        plant(duty, place, planted, trusted, given)
    after = anchoring(study).as_dict()
    assert (after["sight"], after["reveals"], before["vigilance"]) == (before["sight"], before["reveals"], [])
    (row,) = after["vigilance"]
    low, high = row.pop("accepted_interval")
    assert row == {
        "assessor": "bob", "planted": 4, "topics": 1, "shown": 3, "accepted": 1, "trusted": 1, "other": 1,
        "accepted_share": pytest.approx(1 / 3),
    }  # fmt: skip
    assert (round(low, 4), round(high, 4)) == (0.0615, 0.7923)


def test_the_queries_do_not_grow_with_the_track(study, judge, django_assert_num_queries):
    with django_assert_num_queries(5):
        anchoring(study)
    give(topic(judge, "more", make_user("dora"), Condition.POST_EDIT), {2: 1, 3: 2})
    with django_assert_num_queries(5):
        anchoring(study)


def printed(*arguments) -> str:
    out = StringIO()
    call_command("anchoring", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_says_the_same_with_keys_that_stay(study):
    told = json.loads(printed("small", "--assessor", "bob"))
    assert told == anchoring(study).as_dict()
    (row,) = told["sight"]
    ways = ["in_sight", "out_of_sight", "manual", "filtered", "before_reveal", "unseen"]
    assert list(row) == ["assessor", "source", *ways, "labels_above_0", "same_difference"]
    assert list(row["labels_above_0"]) == ways
    assert row["filtered"] == {"n": 0, "topics": 0, "same": None, "bias": None, "kappa": None}
    (revealed,) = told["reveals"]
    assert list(revealed) == [
        "assessor", "n", "unchanged", "to_label", "toward", "across", "away", "grades", "matrix", "before", "after",
        "decided",
    ]  # fmt: skip


def test_the_command_prints_tables_too(study):
    lines = printed("small", "--format", "table").splitlines()
    assert "bob\tlexical\tall\tin_sight\t4\t1\t0.7500\t-0.2500\t0.6364" in lines
    assert "bob\t2\t2\t1\t1\t0\t0\t0\t0.0000\t0.5000" in lines


def test_a_track_without_suggestions_has_nothing_to_tell(track):
    assert not anchoring(track)
    assert json.loads(printed("small")) == {"sight": [], "reveals": [], "vigilance": []}


def test_the_command_refuses_a_name_that_nobody_has(study):
    with pytest.raises(DomainError, match="no assessor 'Bob'"):
        printed("small", "--assessor", "Bob")


def test_the_page_tells_all_three_parts_with_what_they_rest_on(study, judge, bob, client):
    plant(bob.assessors.get().duties.get(topic__qid="seen"), 1, 3, 0, 3)
    client.force_login(make_user("boss", is_staff=True))
    page = " ".join(client.get(reverse("agreement", args=["small"])).content.decode().split())
    assert '<h2 id="anchoring-title">Anchoring</h2>' in page and "+41.7" in page
    assert "2 revealed, 1 topic" in page and "same as the label 0.0 % → <strong>50.0 %</strong>" in page
    assert "20.7 % to 100.0 %" in page


def test_the_page_says_nothing_of_anchoring_where_nothing_was_suggested(track, client):
    client.force_login(make_user("boss", is_staff=True))
    assert "nchoring" not in client.get(reverse("agreement", args=["small"])).content.decode()


def test_the_flow_counts_final_grades_in_sight_of_a_label_whenever_it_came(study, bob):
    flow = postedit_flow(bob.assessors.get())
    # In sight from the beginning: 1 1, 2 2, 3 3, 2 1; after a reveal: 1 1, 2 1. Planted and unseen ones: none.
    assert (flow.n, flow.kept, flow.lowered, flow.raised) == (6, 4, 2, 0)
    plant(bob.assessors.get().duties.get(topic__qid="seen"), 1, 3, 0, 3)
    assert postedit_flow(bob.assessors.get()).n == 6
