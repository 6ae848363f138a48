import gzip
import io
import threading

import pytest
from django.db import connection, connections

from assessment.domain.errors import DomainError, FileError
from assessment.models import Assessor, Collection, Document, Judgment, Ranking, Run, Topic, Track
from assessment.services.imports import documents_import, qrels_import, run_import, topics_import
from assessment.services.tracks import track_create

ODD_DOCIDS = ["back\\slash", "\\N", "\\t", "a\\nb", "{1,2}", '"quoted"', "日本語#1.0", "é", "\\", "'"]


def file_of(*lines):
    return io.BytesIO("".join(f"{line}\n" for line in lines).encode())


def run_file(*rankings, tag="sys"):
    """A run from (topic, docid, score) triples, with ranks in the order given."""
    return file_of(*(f"{qid} Q0 {docid} {rank} {score} {tag}" for rank, (qid, docid, score) in enumerate(rankings, 1)))


def stored_ranking(run, qid):
    ranking = Ranking.objects.get(run=run, topic__qid=qid)
    docids = dict(Document.objects.values_list("pk", "docid"))
    return [docids[key] for key in ranking.documents], ranking.scores


# Topics


def test_topics_are_stored_in_the_order_of_their_file(track):
    result = topics_import(track=track, source=file_of("b\tsecond letter", "a\tfirst\tletter"), name="topics.tsv")
    assert result.status == "stored"
    assert list(track.topics.values_list("qid", "query")) == [("b", "second letter"), ("a", "first\tletter")]


def test_the_same_topics_again_change_nothing(track):
    for status in ("stored", "unchanged"):
        assert topics_import(track=track, source=file_of("a\tone", "b\ttwo"), name="t").status == status
    assert track.topics.count() == 2


def test_a_topic_with_another_text_is_refused_and_its_neighbours_too(track, topics):
    with pytest.raises(FileError) as refused:
        topics_import(track=track, source=file_of("new\tone", "q1\tanother text"), name="t")
    assert [(problem.line, problem.text) for problem in refused.value.problems] == [(2, "q1")]
    assert list(track.topics.values_list("qid", flat=True)) == ["q1", "q2", "q3"]


def test_replacing_topics_keeps_their_place_and_adds_the_new_ones_behind(track, topics):
    result = topics_import(track=track, source=file_of("new\tone", "q1\tanother text"), name="t", replace=True)
    assert result.status == "replaced"
    assert list(track.topics.values_list("qid", "query"))[0] == ("q1", "another text")
    assert list(track.topics.values_list("qid", flat=True))[-1] == "new"
    assert Topic.objects.get(qid="q1").pk == topics[0].pk


def test_sub_narratives_are_kept(track):
    line = '{"id": 7, "title": "t", "narrative": "n", "sub_narratives": ["x", "y"]}'
    topics_import(track=track, source=file_of(line), name="topics.jsonl")
    topic = track.topics.get()
    assert (topic.qid, topic.narrative, topic.sub_narratives) == ("7", "n", ["x", "y"])


# Documents


def test_documents_keep_their_title_text_and_other_keys(track):
    line = r'{"docid": "m#1_2.3", "title": "T\tT", "url": "u", "segment": "a\nb \\N \\", "headings": "H", "n": [1]}'
    assert documents_import(track=track, source=file_of(line), name="d").status == "stored"
    document = Document.objects.get(collection=track.collection)
    assert (document.docid, document.title, document.text) == ("m#1_2.3", "T\tT", "a\nb \\N \\")
    assert document.extra == {"headings": "H", "n": [1]}


def test_a_docid_known_from_a_run_gets_its_text(track, documents):
    result = documents_import(track=track, source=file_of('{"id": "d6", "text": "at last"}'), name="d")
    assert result.status == "stored"
    assert Document.objects.get(docid="d6").text == "at last"
    assert Document.objects.get(docid="d6").pk == documents[5].pk


def test_the_same_documents_again_change_nothing(track):
    lines = ['{"id": "a", "text": "one"}', '{"id": "b", "text": "two", "x": {"y": null}}']
    for status in ("stored", "unchanged"):
        assert documents_import(track=track, source=file_of(*lines), name="d").status == status


def test_a_document_with_another_text_is_refused_unless_replaced(track, documents):
    lines = ['{"id": "new", "text": "n"}', '{"id": "d2", "text": "another"}', "", '{"id": "d1", "text": "another"}']
    with pytest.raises(FileError) as refused:
        documents_import(track=track, source=file_of(*lines), name="d")
    assert [(problem.line, problem.text) for problem in refused.value.problems] == [(2, "d2"), (4, "d1")]
    assert not Document.objects.filter(docid="new").exists()
    assert documents_import(track=track, source=file_of(*lines), name="d", replace=True).status == "replaced"
    assert Document.objects.get(docid="d1").text == "another"


def test_one_bad_line_keeps_all_documents_out(track):
    lines = ['{"id": "a", "text": "one"}', "{", '{"id": "a", "text": "twice"}', '{"text": "no id"}']
    with pytest.raises(FileError) as refused:
        documents_import(track=track, source=file_of(*lines), name="d")
    assert [problem.line for problem in refused.value.problems] == [2, 3, 4]
    assert not Document.objects.exists()


@pytest.mark.parametrize("field", ['"text": "a\\u0000b"', '"text": "x", "note": "a\\u0000b"', '"text": "\\ud800"'])
def test_text_that_a_database_cannot_hold_is_a_problem_with_its_line(track, field):
    with pytest.raises(FileError) as refused:
        documents_import(track=track, source=file_of('{"id": "a", "text": "x"}', f'{{"id": "b", {field}}}'), name="d")
    assert [problem.line for problem in refused.value.problems] == [2]


# Runs


def test_a_run_is_stored_in_trec_evals_order_under_the_tag_of_its_lines(track, topics, documents):
    source = run_file(("q1", "d1", 1), ("q1", "d3", 2.5), ("q1", "d2", 1), ("q1", "d4", 1.00000001), tag="bm25")
    result = run_import(track=track, source=source, name="other-name.run")
    run = Run.objects.get()
    assert (result.status, result.object, run.tag, run.lines) == ("stored", run, "bm25", 4)
    # 1.00000001 is 1 as a 32-bit float, and equal scores go by docid, descending
    assert stored_ranking(run, "q1") == (["d3", "d4", "d2", "d1"], [2.5, 1, 1, 1])


def test_scores_come_back_as_the_same_32_bit_floats(track, topics):
    np = pytest.importorskip("numpy")
    scores = [3.1415927, 1e-38, 1.17549435e-38, 16777217, -0.1, 3.4e38, 1e-45]
    source = run_file(*(("q1", f"d{place}", score) for place, score in enumerate(scores)))
    run = run_import(track=track, source=source, name="r").object
    found = stored_ranking(run, "q1")[1]
    assert np.array_equal(np.array(found, np.float32), np.sort(np.array(scores, np.float32))[::-1])


def test_unknown_docids_become_documents_without_text(track, topics, documents):
    run_import(track=track, source=run_file(("q1", "d1", 2), ("q1", "new", 1)), name="r")
    assert Document.objects.count() == len(documents) + 1
    assert Document.objects.get(docid="new").text is None


def test_odd_docids_survive(track, topics):
    source = run_file(*(("q1", docid, -place) for place, docid in enumerate(ODD_DOCIDS)), tag="t\\1")
    run = run_import(track=track, source=source, name="r").object
    assert stored_ranking(run, "q1")[0] == ODD_DOCIDS
    assert run.tag == "t\\1"
    again = run_file(*(("q2", docid, -place) for place, docid in enumerate(ODD_DOCIDS)), tag="again")
    second = run_import(track=track, source=again, name="r").object
    assert stored_ranking(second, "q2")[0] == ODD_DOCIDS
    assert Document.objects.count() == len(ODD_DOCIDS)


def test_the_same_docid_in_another_collection_is_another_document(track, topics, documents):
    other = track_create(slug="other", name="Other", scale=range(2))
    topics_import(track=other, source=file_of("q1\tx"), name="t")
    run_import(track=other, source=run_file(("q1", "d1", 1)), name="r")
    assert Document.objects.filter(docid="d1").count() == 2


def test_a_run_from_a_gzipped_path(track, topics, tmp_path):
    path = tmp_path / "sys.run.gz"
    path.write_bytes(gzip.compress(run_file(("q1", "d1", 1)).getvalue()))
    assert run_import(track=track, source=path, name=path.name).object.file_name == "sys.run.gz"


def test_the_very_same_run_is_unchanged_and_another_of_its_tag_refused(track, topics):
    first = run_import(track=track, source=run_file(("q1", "d1", 2), ("q1", "d2", 1)), name="r").object
    again = run_import(track=track, source=run_file(("q1", "d1", 2), ("q1", "d2", 1)), name="r")
    assert (again.status, again.object) == ("unchanged", first)
    with pytest.raises(DomainError, match="tag sys"):
        run_import(track=track, source=run_file(("q1", "new", 1)), name="r")
    assert stored_ranking(first, "q1")[0] == ["d1", "d2"]
    assert not Document.objects.filter(docid="new").exists()


def test_replacing_a_run_keeps_its_row_and_drops_its_old_rankings(track, topics):
    first = run_import(track=track, source=run_file(("q1", "d1", 2), ("q2", "d2", 1)), name="r").object
    result = run_import(track=track, source=run_file(("q1", "new", 1)), name="r2", replace=True)
    assert (result.status, result.object) == ("replaced", first)
    assert stored_ranking(first, "q1")[0] == ["new"]
    assert first.rankings.count() == 1


def test_a_run_with_problems_stores_nothing(track, topics):
    lines = ["q1 Q0 d1 1 2.0 s", "q1 Q0 d1 2 1.0 s", "q9 Q0 d1 1 2.0 s", "q1 Q0 d2 3 high s", "q1 Q0 d2"]
    with pytest.raises(FileError) as refused:
        run_import(track=track, source=file_of(*lines), name="bad.run")
    assert [problem.line for problem in refused.value.problems] == [2, 3, 4, 5]
    assert not Run.objects.exists()
    assert not Document.objects.exists()


def test_lines_of_unknown_topics_are_counted_when_they_are_to_be_skipped(track, topics):
    source = run_file(("q1", "d1", 2), ("q8", "d1", 1), ("q9", "d1", 1), ("q9", "d2", 1))
    result = run_import(track=track, source=source, name="r", skip_unknown_topics=True)
    assert (result.warnings[0].message, result.warnings[0].text) == (
        "3 lines of 2 topics left out: not in the track",
        "q8, q9",
    )
    assert result.object.lines == 1
    assert result.object.warnings[0] == list(result.warnings[0])
    assert not Document.objects.filter(docid="d2").exists()


def test_a_skipped_topic_that_the_track_has_by_now_makes_the_same_file_another_run(track, topics):
    lines = ["q1 Q0 d1 1 2 sys", "q9 Q0 d1 1 2 sys"]
    first = run_import(track=track, source=file_of(*lines), name="r", skip_unknown_topics=True).object
    assert run_import(track=track, source=file_of(*lines), name="r", skip_unknown_topics=True).status == "unchanged"
    topics_import(track=track, source=file_of("q9\tcame later"), name="t")
    with pytest.raises(DomainError, match="tag sys"):
        run_import(track=track, source=file_of(*lines), name="r")
    assert run_import(track=track, source=file_of(*lines), name="r", replace=True).status == "replaced"
    assert stored_ranking(first, "q9")[0] == ["d1"]


def test_a_run_for_a_track_without_topics_is_refused(track):
    with pytest.raises(DomainError, match="no topics"):
        run_import(track=track, source=run_file(("q1", "d1", 1)), name="r")


def test_the_number_of_queries_does_not_grow_with_the_run(track, topics, django_assert_max_num_queries):
    source = run_file(*((f"q{1 + place % 3}", f"new{place}", -place) for place in range(3000)))
    with django_assert_max_num_queries(25):
        run_import(track=track, source=source, name="r")
    assert Document.objects.count() == 3000


# Qrels


def qrels_of(assessor):
    return list(
        assessor.judgments.order_by("topic__qid", "document__docid").values_list("topic__qid", "document__docid")
    )


def test_qrels_become_an_imported_assessor(track, topics, documents):
    result = qrels_import(
        track=track, source=file_of("q1 0 d1 3", "q1 0 new 0"), name="nist.qrels", assessor_name="nist"
    )
    assessor = Assessor.objects.get(name="nist")
    assert (result.status, result.object, assessor.kind) == ("stored", assessor, "imported")
    assert list(assessor.judgments.order_by("document__docid").values_list("grade", flat=True)) == [3, 0]
    assert not assessor.judgments.exclude(condition="").exists()


def test_iterations_are_kept_as_they_stand(track, topics):
    lines = ["q1 0.5 d1 1", "q1 1 d2 0", "q2 Q0 d\\1 2"]
    assessor = qrels_import(track=track, source=file_of(*lines), name="x", assessor_name="x").object
    assert dict(assessor.judgments.values_list("document__docid", "iteration")) == {
        "d1": "0.5",
        "d2": "1",
        "d\\1": "Q0",
    }


def test_a_negative_grade_means_that_the_pair_could_not_be_judged(track, topics):
    source = file_of("q1 0 d1 -2", "q1 0 d2 1")
    assessor = qrels_import(track=track, source=source, name="x", assessor_name="x").object
    judgment = assessor.judgments.get(document__docid="d1")
    assert (judgment.state, judgment.grade, judgment.raw_grade) == ("unjudgeable", None, -2)


def test_condition_codes_tell_the_condition_and_the_label_that_was_shown(track, topics):
    lines = [f"q1 {code} d{code} 1" for code in range(1, 6)]
    assessor = qrels_import(track=track, source=file_of(*lines), name="x", assessor_name="x").object
    found = assessor.judgments.order_by("document__docid").values_list("iteration", "condition", "suggestion_grade")
    assert list(found) == [
        ("1", "manual", None),
        ("2", "filtered", None),
        ("3", "post_edit", 1),
        ("4", "post_edit", 2),
        ("5", "post_edit", 3),
    ]


def test_the_same_judgments_in_another_order_are_unchanged_and_others_refused(track, topics):
    def load(*lines, **options):
        return qrels_import(track=track, source=file_of(*lines), name="x", assessor_name="nist", **options)

    first = load("q1 0 d1 3", "q2 0 d2 1").object
    assert load("q2 0 d2 1", "q1 0 d1 3").status == "unchanged"
    with pytest.raises(DomainError, match="nist already has other judgments"):
        load("q1 0 d1 2")
    assert first.judgments.count() == 2
    assert load("q1 0 d1 2", replace=True).status == "replaced"
    assert list(first.judgments.values_list("grade", flat=True)) == [2]


def test_people_and_judges_are_never_overwritten_by_a_file(track, topics, judge, bob):
    for name in (judge.name, bob.username):
        with pytest.raises(DomainError, match="choose another name"):
            qrels_import(track=track, source=file_of("q1 0 d1 3"), name="x", assessor_name=name, replace=True)
    assert not Judgment.objects.exists()


def test_qrels_with_problems_store_nothing_not_even_the_assessor(track, topics):
    lines = ["q1 0 d1 4", "q1 0 d2 one", "q9 0 d1 1", "q1 0 d3 1", "q1 0 d3 2", "q1 d3 2"]
    with pytest.raises(FileError) as refused:
        qrels_import(track=track, source=file_of(*lines), name="x", assessor_name="nist")
    assert [problem.line for problem in refused.value.problems] == [1, 2, 3, 5, 6]
    assert not track.assessors.filter(name="nist").exists()
    assert not Document.objects.exists()


def test_judgments_of_unknown_topics_are_counted_when_they_are_to_be_skipped(track, topics):
    source = file_of("q1 0 d1 1", "q9 0 d1 1")
    result = qrels_import(track=track, source=source, name="x", assessor_name="x", skip_unknown_topics=True)
    assert result.warnings[0].message == "1 line of 1 topic left out: not in the track"
    assert result.object.judgments.get().topic == topics[0]


@pytest.mark.parametrize("name", ["", "x" * 151])
def test_an_assessor_needs_a_name_that_fits(track, topics, name):
    with pytest.raises(DomainError):
        qrels_import(track=track, source=file_of("q1 0 d1 1"), name="x", assessor_name=name)


def test_an_iteration_or_a_negative_grade_that_does_not_fit_is_a_problem(track, topics):
    source = file_of(f"q1 {'x' * 41} d1 1", "q1 0 d2 -40000", "q1 0 d3 1")
    with pytest.raises(FileError) as refused:
        qrels_import(track=track, source=source, name="x", assessor_name="x")
    assert len(refused.value.problems) == 2
    assert not track.assessors.filter(name="x").exists()


# Together


def in_threads(*calls):
    """Run the calls at once, each in its own thread and connection; returns what they returned or raised."""
    outcomes = [None] * len(calls)
    together = threading.Barrier(len(calls))

    def work(place, call):
        try:
            together.wait(10)
            outcomes[place] = call()
        except Exception as error:
            outcomes[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=numbered) for numbered in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return outcomes


def shared_docids(tag, tracks):
    """Imports of one run a track, all with the same 2,000 new docids in different orders."""
    for number, track in enumerate(tracks):
        docids = [f"doc{(place * 7 + number * 500) % 2000}" for place in range(2000)]
        source = run_file(*(("q1", docid, -place) for place, docid in enumerate(docids)), tag=f"{tag}{number}")
        yield lambda track=track, source=source: run_import(track=track, source=source, name="r")


@pytest.mark.django_db(transaction=True)
def test_runs_that_bring_the_same_new_docids_at_the_same_time_both_succeed():
    tracks = [track_create(slug=slug, name=slug, scale=range(4)) for slug in ("one", "two")]
    Track.objects.update(collection=Collection.objects.create(slug="shared"))
    for track in tracks:
        track.refresh_from_db()
        topics_import(track=track, source=file_of("q1\tx"), name="t")
    outcomes = in_threads(*shared_docids("same", [tracks[0], tracks[0]]), *shared_docids("other", [tracks[1]]))
    assert [getattr(outcome, "status", outcome) for outcome in outcomes] == ["stored"] * 3
    assert Document.objects.count() == 2000
    assert Run.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_one_run_sent_twice_at_once_is_stored_once():
    track = track_create(slug="one", name="one", scale=range(4))
    topics_import(track=track, source=file_of("q1\tx"), name="t")
    content = run_file(*(("q1", f"d{place}", -place) for place in range(500))).getvalue()
    outcomes = in_threads(
        *[lambda: run_import(track=track, source=io.BytesIO(content), name="r") for _ in range(2)],
    )
    assert sorted(getattr(outcome, "status", str(outcome)) for outcome in outcomes) == ["stored", "unchanged"]


def test_nothing_is_left_behind_in_the_session(track, topics):
    run_import(track=track, source=run_file(("q1", "d1", 1)), name="r")
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relpersistence = 't'")
        assert cursor.fetchall() == []
