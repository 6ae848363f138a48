import numpy as np
import pytest

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Judgment, Ranking, Run
from assessment.selectors.matrices import depth_needed, grades_of, on_topics, rankings_of, score_matrix


def test_rankings_come_out_as_they_were_stored(track, runs, topics, documents):
    rankings = rankings_of(track)
    assert rankings.runs == ["down", "up"]
    assert rankings.topics == ["q1", "q2", "q3"]
    stored = {(run, topic): places for run, topic, *places in unpacked(rankings)}
    keys = [document.pk for document in documents]
    assert stored == {
        ("up", "q1"): keys,
        ("up", "q2"): keys,
        ("up", "q3"): keys,
        ("down", "q1"): keys[::-1],
        ("down", "q2"): keys[::-1],
    }


def test_a_depth_reads_only_the_top(track, runs, documents):
    rankings = rankings_of(track, depth=2)
    assert np.diff(rankings.offsets).tolist() == [2] * 5
    assert {tuple(row[2:]) for row in unpacked(rankings)} == {
        (documents[0].pk, documents[1].pk),
        (documents[5].pk, documents[4].pk),
    }


def test_a_ranking_without_documents_is_kept_and_empty(track, runs, topics):
    empty = Run.objects.create(track=track, tag="empty", sha256="2" * 64, lines=0)
    Ranking.objects.create(run=empty, topic=topics[0], documents=[], scores=[])
    assert ["empty", "q1"] in unpacked(rankings_of(track))


def test_a_track_without_runs_has_no_rankings(track, topics):
    rankings = rankings_of(track)
    assert (rankings.runs, len(rankings.documents), rankings.offsets.tolist()) == ([], 0, [0])


def test_grades_leave_out_what_could_not_be_judged(track, nist, topics, documents):
    grades = grades_of(nist)
    assert sorted(zip(grades.documents.tolist(), grades.grades.tolist(), strict=True)) == [
        (documents[place].pk, grade) for place, grade in enumerate([3, 2, 0, 0])
    ]
    assert set(grades.topic_index.tolist()) == {0}


def test_grades_can_be_cut_to_some_topics(track, nist, topics, documents):
    Judgment.objects.create(assessor=nist, topic=topics[2], document=documents[0], grade=1)
    assert on_topics(grades_of(nist), np.array([2])).grades.tolist() == [1]


def test_scores_are_over_the_judged_topics_only(track, runs, nist):
    evaluation = score_matrix(track, nist, ["P@2", "RR"])
    assert evaluation.topics == ["q1"]
    # q1: d1 has grade 3 and d2 grade 2; `up` has them on top, `down` at the very end.
    assert dict(zip(evaluation.runs, evaluation.scores["P@2"][:, 0], strict=True)) == {"up": 1.0, "down": 0.0}
    assert evaluation.scores["RR"][:, 0].tolist() == [1 / 5, 1.0]


def test_a_run_without_the_topic_counts_as_zero(track, runs, nist, topics, documents):
    Judgment.objects.create(assessor=nist, topic=topics[2], document=documents[0], grade=1)
    evaluation = score_matrix(track, nist, ["nDCG@10"])
    assert evaluation.scores["nDCG@10"][:, evaluation.topics.index("q3")].tolist() == [0.0, 1.0]


def test_an_assessor_without_grades_is_refused_with_a_sentence(track, runs):
    nobody = Assessor.objects.create(track=track, kind=Assessor.Kind.IMPORTED, name="nobody")
    with pytest.raises(DomainError, match="nobody has judged nothing in small yet"):
        score_matrix(track, nobody, ["nDCG@10"])


def test_a_track_without_runs_is_refused_with_a_sentence(track, nist):
    with pytest.raises(DomainError, match="has no runs yet"):
        score_matrix(track, nist, ["nDCG@10"])


def test_measures_say_how_deep_they_look():
    assert depth_needed(["nDCG@10", "P@5"]) == 10
    assert depth_needed(["nDCG@10", "AP"]) is None


def test_the_number_of_queries_does_not_grow_with_runs(track, runs, nist, django_assert_num_queries):
    # Runs and topics of the rankings, topics of the grades; the arrays themselves take one binary query each.
    with django_assert_num_queries(3):
        score_matrix(track, nist, ["nDCG@10", "AP"])


def unpacked(rankings) -> list[list]:
    bounds = zip(rankings.offsets[:-1], rankings.offsets[1:], strict=True)
    return [
        [rankings.runs[run], rankings.topics[topic], *rankings.documents[start:end].tolist()]
        for run, topic, (start, end) in zip(rankings.run_index, rankings.topic_index, bounds, strict=True)
    ]
