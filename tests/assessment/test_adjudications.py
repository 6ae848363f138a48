"""Several assessors' labels made into one set: what is taken over, what is decided, and what is never touched."""

from uuid import uuid4

import pytest

from assessment.domain.errors import DomainError
from assessment.models import (
    Adjudication,
    Assessor,
    Condition,
    Judgment,
    JudgmentEvent,
    JudgmentState,
    Pool,
    PoolItem,
    Role,
)
from assessment.selectors.adjudication_standing import Counts, counts_of, pair_standings, planned_counts
from assessment.selectors.exports import qrels_lines
from assessment.selectors.judgment_exports import judgment_records
from assessment.services.adjudications import (
    TakenOver,
    adjudication_create,
    adjudication_decide,
    adjudication_refresh,
    adjudication_undo,
)
from assessment.services.people import member_set
from assessment.services.tracks import track_create

from .conftest import person


def grade(assessor, topic, documents, grades):
    """None leaves the document out."""
    return [
        Judgment.objects.create(assessor=assessor, topic=topic, document=document, grade=value)
        for document, value in zip(documents, grades, strict=False)
        if value is not None
    ]


@pytest.fixture
def carl(track):
    return Assessor.objects.create(track=track, kind="imported", name="carl")


@pytest.fixture
def sources(nist, carl, topics, documents):
    """On q1 nist says 3 2 0 0 of d1 to d4, carl 3 1 0 - 2 of d1 to d5: two agreed, one open, two singles."""
    grade(carl, topics[0], documents, [3, 1, 0, None, 2])
    return [nist, carl]


@pytest.fixture
def made(track, sources, alice):
    return lambda **more: adjudication_create(
        **{"track": track, "name": "gold", "sources": sources, "adjudicator": alice, "by": alice} | more
    )


@pytest.fixture
def adjudication(made):
    return made()[0]


@pytest.fixture
def decide(adjudication, topics, documents, alice):
    def decide(place=1, value=2, **more):
        pair = {"topic": topics[0].pk, "document": documents[place].pk}
        arguments = {"grade": value, "idempotency_key": uuid4(), "actor": alice} | more
        return adjudication_decide(adjudication=adjudication, **pair, **arguments)

    return decide


@pytest.fixture
def undo(adjudication, topics, documents, alice):
    def undo(place=1, **more):
        pair = {"topic": topics[0].pk, "document": documents[place].pk}
        arguments = {"idempotency_key": uuid4(), "actor": alice} | more
        return adjudication_undo(adjudication=adjudication, **pair, **arguments)

    return undo


def labels(adjudication):
    rows = adjudication.result.judgments.order_by("topic__qid", "document__docid")
    return [(one.document.docid, one.grade) for one in rows.select_related("document")]


def counts(adjudication):
    return counts_of([adjudication])[adjudication.pk]


def kinds(adjudication):
    return list(adjudication.result.events.values_list("kind", "state", "grade"))


def test_what_the_sources_agree_on_is_taken_over_at_once(made, alice):
    adjudication, taken = made()
    assert taken == TakenOver(agreed=2, singles=0, withdrawn=0)
    assert labels(adjudication) == [("d1", 3), ("d3", 0)]
    assert adjudication.result.kind == Assessor.Kind.ADJUDICATED
    assert set(kinds(adjudication)) == {("taken_over", "graded", 3), ("taken_over", "graded", 0)}
    assert {event.actor for event in adjudication.result.events.all()} == {alice}
    assert counts(adjudication) == Counts(agreed=2, open=1, singles=2)


def test_the_preview_counts_what_would_be_found(sources, made):
    planned = planned_counts(sources, None)
    assert (planned.shared, planned.agreed, planned.to_decide, planned.singles) == (3, 2, 1, 2)
    made()
    assert planned_counts(sources, None) == planned


def test_what_one_source_graded_is_taken_over_only_on_demand(made):
    adjudication, taken = made(singles=True)
    assert (taken.agreed, taken.singles) == (2, 2)
    assert labels(adjudication) == [("d1", 3), ("d3", 0), ("d4", 0), ("d5", 2)]
    assert (counts(adjudication).singles, counts(adjudication).singles_taken) == (2, 2)


def test_three_sources_agree_only_if_all_do(made, track, sources, topics, documents):
    third = Assessor.objects.create(track=track, kind="llm", name="judge")
    grade(third, topics[0], documents, [3, 2, 1, 0])
    adjudication, taken = made(sources=[*sources, third])
    assert labels(adjudication) == [("d1", 3), ("d4", 0)]
    assert {one.document_id: (one.lowest, one.highest) for one in pair_standings(adjudication)} == {
        documents[1].pk: (1, 2),
        documents[2].pk: (0, 1),
    }


def test_a_pool_narrows_it_to_its_own_passages(made, pool, track, topics, documents, assessor_bob):
    from assessment.models import Duty

    duty = Duty.objects.create(pool=pool, topic=topics[0], assessor=assessor_bob, condition="manual")
    planted = {"planted_for": duty, "planted": {"grade": 0}, "trusted_grade": 0, "trusted_by": assessor_bob}
    PoolItem.objects.create(
        pool=pool,
        topic=topics[0],
        document=documents[2],
        position=9,
        best_rank=1,
        lot=1,
        run_ids=[],
        ranks=[],
        **planted,
    )
    adjudication, _ = made(pool=pool)
    assert labels(adjudication) == [("d1", 3)]  # d3 is agreed on, but only planted in this pool
    assert counts(adjudication) == Counts(agreed=1, open=1)


def test_answers_to_planted_pairs_are_no_labels(made, track, sources, topics, documents, carl):
    planted = {"topic": topics[0], "document": documents[3], "grade": 0, "vigilance": True}
    Judgment.with_vigilance.create(assessor=carl, **planted)
    adjudication, taken = made()
    assert taken.agreed == 2
    assert counts(adjudication).singles == 2


def test_a_decision_stands_among_the_labels_with_its_cause_note_and_time(adjudication, decide, track):
    decide(value=2, note=" The second sentence. ", reason="oversight", active_ms=4000, away_ms=10)
    decide(value=1, reason="oversight", active_ms=500)
    assert labels(adjudication) == [("d1", 3), ("d2", 1), ("d3", 0)]
    judgment = adjudication.result.judgments.get(document__docid="d2")
    assert (judgment.note, judgment.reason, judgment.active_ms, judgment.away_ms) == ("", "oversight", 4500, 10)
    assert judgment.distribution == {"1": 0.5, "2": 0.5}
    assert counts(adjudication) == Counts(agreed=2, decided=1, singles=2)


def test_the_result_is_exported_like_any_assessor_and_its_history_says_how_it_came(adjudication, decide, track):
    decide(value=2)
    assert list(qrels_lines(adjudication.result)) == ["q1 0 d1 3\n", "q1 0 d2 2\n", "q1 0 d3 0\n"]
    records = {one["docid"]: one for one in judgment_records(track) if one["assessor"] == "gold"}
    assert {docid: [event["kind"] for event in one["history"]] for docid, one in records.items()} == {
        "d1": ["taken_over"],
        "d2": ["recorded"],
        "d3": ["taken_over"],
    }
    assert records["d1"]["condition"] == "automatic"


def test_a_repeated_save_changes_nothing(adjudication, decide):
    key = uuid4()
    assert decide(idempotency_key=key).repeated is False
    assert decide(idempotency_key=key).repeated is True
    assert adjudication.result.events.filter(kind="recorded").count() == 1


def test_a_key_that_was_used_for_something_else_is_refused_and_not_swallowed(decide):
    key = uuid4()
    decide(value=2, idempotency_key=key)
    with pytest.raises(DomainError, match="saved a decision already"):
        decide(value=1, idempotency_key=key)
    with pytest.raises(DomainError, match="another decision"):
        decide(place=0, value=2, idempotency_key=key)


def test_what_is_agreed_on_can_be_decided_otherwise_and_the_undo_gives_it_back(adjudication, decide, undo):
    decide(place=0, value=1)
    assert labels(adjudication)[0] == ("d1", 1)
    undo(place=0)
    assert labels(adjudication)[0] == ("d1", 3)
    assert adjudication.result.judgments.get(document__docid="d1").condition == Condition.AUTOMATIC
    with pytest.raises(DomainError, match="no decision to undo"):
        undo(place=0)


def test_undo_goes_back_step_by_step_to_undecided(adjudication, decide, undo):
    decide(value=2)
    decide(value=1)
    assert undo().grade == 2
    key = uuid4()
    assert undo(idempotency_key=key).state == ""
    assert undo(idempotency_key=key).repeated is True
    assert labels(adjudication) == [("d1", 3), ("d3", 0)]
    with pytest.raises(DomainError, match="no decision to undo"):
        undo()


def test_a_pair_is_put_off_and_comes_again(adjudication, decide):
    decide(value=None, state=JudgmentState.SKIPPED)
    assert counts(adjudication) == Counts(agreed=2, later=1, singles=2)
    decide(value=1)
    assert counts(adjudication).decided == 1


def test_newly_agreed_pairs_are_taken_over_later(adjudication, sources, topics, documents, alice):
    grade(sources[1], topics[0], [documents[3]], [0])
    assert counts(adjudication).fresh == 1
    assert adjudication_refresh(adjudication=adjudication, by=alice) == TakenOver(1, 0, 0)
    assert labels(adjudication) == [("d1", 3), ("d3", 0), ("d4", 0)]
    assert adjudication_refresh(adjudication=adjudication, by=alice) == TakenOver(0, 0, 0)


def test_a_pair_that_was_put_off_is_taken_over_when_it_is_agreed_on(adjudication, decide, sources, documents, alice):
    decide(value=None, state=JudgmentState.SKIPPED)
    sources[1].judgments.filter(document=documents[1]).update(grade=2)
    assert adjudication_refresh(adjudication=adjudication, by=alice).agreed == 1
    assert ("d2", 2) in labels(adjudication)
    assert kinds(adjudication)[-1] == ("taken_over", "graded", 2)


def test_a_decision_is_never_overwritten_and_shows_that_its_sources_have_changed(
    adjudication, decide, sources, documents, alice
):
    decide(value=2)
    changed = sources[1].judgments.filter(document=documents[1])
    changed.update(grade=0)
    assert adjudication_refresh(adjudication=adjudication, by=alice) == TakenOver(0, 0, 0)
    assert labels(adjudication)[1] == ("d2", 2)
    assert counts(adjudication).stale == 1
    decide(value=2)  # seen, and kept
    assert counts(adjudication).stale == 0
    changed.delete()  # a grade that was taken back is a change too
    assert counts(adjudication).stale == 1


def test_sources_that_come_round_to_the_decision_do_not_call_it_into_question(adjudication, decide, sources, documents):
    decide(value=2)
    sources[1].judgments.filter(document=documents[1]).update(grade=2)
    assert (counts(adjudication).stale, counts(adjudication).decided) == (0, 1)
    sources[0].judgments.filter(document=documents[1]).update(grade=0)
    assert counts(adjudication).stale == 1


def test_a_file_imported_again_with_the_same_grades_changes_nothing(adjudication, decide, sources, topics, documents):
    decide(value=2)
    sources[1].judgments.all().delete()
    grade(sources[1], topics[0], documents, [3, 1, 0, None, 2])
    assert counts(adjudication) == Counts(agreed=2, decided=1, singles=2)


def test_what_was_taken_over_follows_its_sources(adjudication, sources, documents, alice):
    sources[1].judgments.filter(document=documents[0]).update(grade=2)
    assert counts(adjudication).open == 2
    assert adjudication_refresh(adjudication=adjudication, by=alice) == TakenOver(0, 0, 1)
    assert labels(adjudication) == [("d3", 0)]
    sources[0].judgments.filter(document=documents[0], grade=3).update(grade=2)
    assert adjudication_refresh(adjudication=adjudication, by=alice) == TakenOver(1, 0, 0)
    assert labels(adjudication) == [("d1", 2), ("d3", 0)]
    told = adjudication.result.events.filter(document=documents[0]).values_list("kind", "grade", "previous_grade")
    assert list(told) == [("taken_over", 3, None), ("undone", None, 3), ("taken_over", 2, None)]


def test_many_pairs_are_taken_over_by_as_many_queries_as_few(
    made, track, sources, topics, alice, django_assert_num_queries
):
    from assessment.models import Document

    many = Document.objects.bulk_create(
        Document(collection=track.collection, docid=f"m{number}") for number in range(300)
    )
    for source in sources:
        Judgment.objects.bulk_create(
            Judgment(assessor=source, topic=topics[2], document=document, grade=1) for document in many
        )
    with django_assert_num_queries(13):
        _, taken = made()
    assert taken.agreed == 302


def test_a_decision_asks_a_small_fixed_number_of_times(decide, django_assert_num_queries):
    with django_assert_num_queries(8):
        decide(value=2)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"name": "nist"}, "nist is another assessor here"),
        ({"name": "bob"}, "is another assessor here"),
        ({"name": "vera"}, "is a person of this track"),
        ({"name": "  "}, "needs a name"),
        ({"name": "n" * 151}, "at most 150"),
    ],
)
def test_a_name_that_is_taken_or_none_is_refused(made, more, sentence):
    with pytest.raises(DomainError, match=sentence):
        made(**more)
    assert not Adjudication.objects.exists()
    assert not Assessor.objects.filter(kind="adjudicated").exists()


def test_sources_are_two_with_labels_in_this_track(made, sources, judge, alice):
    other = track_create(slug="other", name="Other", scale=range(2), created_by=alice)
    stranger = Assessor.objects.create(track=other, kind="imported", name="stranger")
    for wrong, sentence in (
        ([sources[0]], "choose two"),
        ([sources[0], sources[0]], "choose two"),
        ([sources[0], stranger], "Not of this track: stranger"),
        ([sources[0], judge], "Nothing is graded yet by lexical"),
    ):
        with pytest.raises(DomainError, match=sentence):
            made(sources=wrong)
    with pytest.raises(DomainError, match="not of this track"):
        made(pool=Pool.objects.create(track=other, name="p", depth=1))


def test_an_adjudicator_judges_in_the_track_and_not_on_the_own_labels(
    made, vera, charlie, bob, assessor_bob, sources, topics, documents
):
    for nobody in (vera, charlie):
        with pytest.raises(DomainError, match="neither organizer nor assessor"):
            made(adjudicator=nobody)
    grade(assessor_bob, topics[0], documents, [3])
    with pytest.raises(DomainError, match="own labels"):
        made(adjudicator=bob, sources=[*sources, assessor_bob])
    made(adjudicator=bob, sources=[*sources, assessor_bob], own_labels=True)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"value": 9}, "9 is not on this track's scale \\(0, 1, 2, 3\\)"),
        ({"value": -1}, "not on this track's scale"),
        ({"value": None}, "Give a grade"),
        ({"value": 2, "state": "skipped"}, "one of them"),
        ({"value": None, "state": "lost"}, "no state"),
        ({"value": None, "state": "unjudgeable"}, "choose a cause"),
        ({"place": 5}, "none of its sources graded it"),
    ],
)
def test_a_bad_decision_is_refused_with_the_reason(adjudication, decide, more, sentence):
    before = JudgmentEvent.objects.count()
    with pytest.raises(DomainError, match=sentence):
        decide(**more)
    assert JudgmentEvent.objects.count() == before


def test_nobody_else_decides_or_undoes(decide, undo, track, admin):
    dora = person("dora")
    member_set(track=track, user=dora, role=Role.ORGANIZER, by=None)
    for other in (dora, admin):
        with pytest.raises(DomainError, match="Only the adjudicator"):
            decide(actor=other)
        with pytest.raises(DomainError, match="Only the adjudicator"):
            undo(actor=other)
