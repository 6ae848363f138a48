"""The figures of agreement and the exports with conditions, through the commands."""

import csv
import gzip
import io
import json
import os
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import call_command
from sklearn.metrics import cohen_kappa_score

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Condition, Judgment, PoolItem, Reveal, Topic, Track
from assessment.selectors.agreements import all_agreements, pair_agreement
from assessment.selectors.judgment_exports import FIELDS, judgment_records
from assessment.selectors.matrices import grades_by_all
from assessment.services.imports import qrels_import, topics_import
from assessment.services.judgments import judgment_record, judgment_undo
from assessment.services.tracks import track_create
from tests.factories import make_duty, make_judge, make_pool, make_track, make_user, suggest

ROOT = Path(__file__).resolve().parents[2]
CSFCUBE = ROOT / "config" / "demo" / "data" / "csfcube"
DATA = Path(os.environ.get("ASSAY_DATA") or ROOT.parent / "shared" / "data")
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="The public TREC data is not here; ASSAY_DATA names it.")


def printed(*arguments) -> str:
    out = io.StringIO()
    call_command(*map(str, arguments), stdout=out)
    return out.getvalue()


def as_json(*arguments) -> dict:
    return json.loads(printed(*arguments, "--format", "json"))


def track_of_qrels(slug: str, scale: range, files: dict[str, Path]) -> Track:
    """A track whose topics are those of the files, each file imported under its name."""
    track = track_create(slug=slug, name=slug, scale=scale)
    lines = [line.split() for path in files.values() for line in text_of(path).splitlines()]
    qids = dict.fromkeys(line[0] for line in lines if line)
    Topic.objects.bulk_create(Topic(track=track, qid=qid, query=qid, position=at) for at, qid in enumerate(qids, 1))
    for name, path in files.items():
        qrels_import(track=track, source=path, name=path.name, assessor_name=name)
    return track


def text_of(path: Path) -> str:
    return (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8").read()


def grades_in(path: Path) -> dict[tuple[str, str], int]:
    return {(qid, docid): int(grade) for qid, _, docid, grade in map(str.split, text_of(path).splitlines())}


@pytest.fixture
def csfcube(db):
    track = track_create(slug="csfcube", name="CSFCube", scale=range(4))
    topics_import(track=track, source=CSFCUBE / "topics.jsonl", name="topics.jsonl")
    for name in ("annotator3", "annotator4", "adjudicated"):
        qrels_import(track=track, source=CSFCUBE / f"{name}.qrels", name=name, assessor_name=name)
    return track


def test_csfcubes_two_annotators_agree_as_scikit_learn_says(csfcube):
    first, second = (grades_in(CSFCUBE / f"annotator{number}.qrels") for number in (3, 4))
    pairs = sorted(pair for pair in first.keys() & second.keys() if first[pair] >= 0 and second[pair] >= 0)
    a, b = [first[pair] for pair in pairs], [second[pair] for pair in pairs]
    found = as_json("agreement", "csfcube", "--a", "annotator3", "--b", "annotator4")
    assert found["n"] == len(pairs) > 1000
    assert found["kappa"] == pytest.approx(cohen_kappa_score(a, b))
    for weights in ("linear", "quadratic"):
        assert found[f"kappa_{weights}"] == pytest.approx(cohen_kappa_score(a, b, weights=weights))
    for threshold in ("1", "2", "3"):
        sides = [[grade >= int(threshold) for grade in grades] for grades in (a, b)]
        assert found["kappa_from"][threshold] == pytest.approx(cohen_kappa_score(*sides))


def test_the_command_prints_exactly_these_keys(csfcube):
    found = as_json("agreement", "csfcube", "--a", "annotator3", "--b", "annotator4")
    assert set(found) == {
        "n", "exact", "kappa", "kappa_linear", "kappa_quadratic", "alpha_ordinal", "ac1", "bias", "kappa_from",
        "confusion",
    }  # fmt: skip


def test_the_page_and_the_command_say_the_same_of_every_two(csfcube):
    assessors, scale = list(csfcube.assessors.all()), list(csfcube.grades.all())
    met, apart = all_agreements(assessors, grades_by_all(assessors), scale)
    assert (len(met), apart) == (3, 0)
    for pair in met:
        assert pair.as_dict() == pair_agreement(pair.a, pair.b).as_dict()


def test_rows_are_a_and_the_bias_is_b_minus_a(track, nist, judge, topics, documents):
    for document, grade in zip(documents, [3, 3, 1], strict=False):
        Judgment.objects.create(assessor=judge, topic=topics[0], document=document, grade=grade)
    found = as_json("agreement", "small", "--a", "nist", "--b", "lexical")
    assert found["confusion"] == [[0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1]]
    assert (found["n"], found["exact"], found["bias"]) == (3, pytest.approx(1 / 3), pytest.approx(2 / 3))


def test_what_is_undefined_is_null_and_what_cant_be_judged_is_no_pair(track, nist, judge, topics, documents):
    Judgment.objects.create(assessor=judge, topic=topics[1], document=documents[0], grade=2)
    found = as_json("agreement", "small", "--a", "nist", "--b", "lexical")
    assert found["n"] == 0
    figures = ("exact", "kappa", "kappa_linear", "kappa_quadratic", "alpha_ordinal", "ac1", "bias")
    assert [found[name] for name in figures] == [None] * 7
    assert found["kappa_from"] == {"1": None, "2": None, "3": None}


def test_a_name_that_nobody_has_is_refused(track, nist):
    with pytest.raises(DomainError, match="no assessor 'Nist'"):
        printed("agreement", "small", "--a", "Nist", "--b", "nist")


@needs_data
def test_the_published_agreement_of_2025_comes_out_of_the_command(db):
    folder = DATA / "rag25"
    files = {"nist": "qrels.rag25.test.nist.txt.gz", "umbrela2": "qrels.rag25.test-umbrela2.txt.gz"}
    track_of_qrels("rag25", range(5), {name: folder / file for name, file in files.items()})
    found = as_json("agreement", "rag25", "--a", "nist", "--b", "umbrela2")
    rounded = {name: round(found[name], 4) for name in ("exact", "kappa", "kappa_linear", "kappa_quadratic")}
    assert rounded == {"exact": 0.4412, "kappa": 0.2333, "kappa_linear": 0.3729, "kappa_quadratic": 0.4918}
    assert [round(found["kappa_from"][grade], 4) for grade in "123"] == [0.3672, 0.4310, 0.3095]
    assert (found["n"], round(found["bias"], 3)) == (10284, 0.163)
    assert found["confusion"] == [
        [1690, 1074, 681, 150, 24],
        [348, 446, 566, 113, 26],
        [405, 735, 1971, 547, 102],
        [80, 136, 554, 411, 137],
        [1, 8, 18, 42, 19],
    ]


@needs_data
def test_nists_conditions_come_out_as_they_went_in_with_the_published_flow(db):
    path = DATA / "rag24" / "2024-retrieval-conditions-qrels.txt.gz"
    track_of_qrels("rag24", range(4), {"nist": path})
    lines = printed("export_qrels", "rag24", "--assessor", "nist", "--condition-codes").splitlines()
    assert sorted(lines) == sorted(" ".join(line.split()) for line in text_of(path).splitlines())
    flow = as_json("postedit_flow", "rag24", "--assessor", "nist")
    shares = [round(100 * flow[f"{name}_share"], 1) for name in ("kept", "lowered", "raised")]
    assert (flow["n"], shares) == (5890, [56.1, 33.5, 10.4])
    assert flow["kept"] + flow["lowered"] + flow["raised"] == 5890
    assert [sum(column) for column in zip(*flow["matrix"], strict=True)] == [1427, 2381, 1515, 567]
    assert flow["matrix"][1] == [1242, 2014, 403, 75]
    record = next(judgment_records(Track.objects.get()))
    assert (record["assessor"], record["kind"], record["iteration"], record["history"]) == ("nist", "imported", "1", [])


@pytest.fixture
def duties(db):
    """bob judges one passage under each condition; a judge gave every passage grade 2."""
    track, bob = make_track(), make_user("bob")
    judge = make_judge(track)
    made = {}
    for name, condition, reveal in [
        ("manual", Condition.MANUAL, None),
        ("filtered", Condition.FILTERED, None),
        ("edited", Condition.POST_EDIT, Reveal.ALWAYS),
        ("committed", Condition.POST_EDIT, Reveal.COMMIT_THEN_REVEAL),
    ]:
        pool = make_pool(track, size=1, qid=name)
        suggest(judge, pool.items.get(), 2)
        source = None if condition == Condition.MANUAL else judge
        made[name] = make_duty(pool, bob, condition, reveal, source)
    return made


def grade(duty, value, **options):
    judgment_record(
        duty=duty, item=duty.pool.items.get(), grade=value, idempotency_key=uuid4(), actor=duty.assessor.user, **options
    )


def test_own_rows_say_their_condition_in_column_2(duties):
    grade(duties["manual"], 0)
    grade(duties["filtered"], 1)
    grade(duties["edited"], 3)
    grade(duties["committed"], 0)
    grade(duties["committed"], 1)
    coded = printed("export_qrels", "small", "--assessor", "bob", "--condition-codes").splitlines()
    assert coded == ["committed 4 committed-d1 1", "edited 4 edited-d1 3", "filtered 2 filtered-d1 1"] + [
        "manual 1 manual-d1 0"
    ]
    plain = printed("export_qrels", "small", "--assessor", "bob").splitlines()
    assert {line.split()[1] for line in plain} == {"0"}
    judged = printed("export_qrels", "small", "--assessor", "lexical", "--condition-codes").splitlines()
    assert {line.split()[1] for line in judged} == {"0"}


def test_a_label_that_nobody_saw_has_no_code(duties):
    grade(duties["edited"], 3, suggestion_seen=False)
    assert printed("export_qrels", "small", "--assessor", "bob", "--condition-codes") == "edited 1 edited-d1 3\n"
    assert as_json("postedit_flow", "small", "--assessor", "bob")["n"] == 0


def records(slug: str = "small", **options) -> dict[tuple[str, str], dict]:
    found = judgment_records(Track.objects.get(slug=slug), **options)
    return {(record["assessor"], record["topic"]): record for record in found}


def test_a_judgment_tells_what_was_shown_and_whether_it_was_accepted(duties):
    grade(duties["edited"], 2, accepted=True, active_ms=1200, away_ms=300, note="clear")
    grade(duties["manual"], 1)
    found = records()["bob", "edited"]
    assert set(found) == set(FIELDS)
    assert (found["condition"], found["grade"], found["suggestion_grade"]) == ("post_edit", 2, 2)
    assert (found["suggestion_by"], found["accepted"], found["note"]) == ("lexical", True, "clear")
    assert (found["active_ms"], found["away_ms"]) == (1200, 300)
    assert found["suggestion_shown_at"] < found["updated_at"]
    (event,) = found["history"]
    assert (event["kind"], event["grade"], event["suggestion_grade"], event["by"]) == ("accepted", 2, 2, "bob")
    manual = records()["bob", "manual"]
    assert (manual["suggestion_grade"], manual["accepted"], manual["grade_before_reveal"]) == (None, None, None)
    assert records()["lexical", "manual"]["distribution"]["2"] == 0.71


def test_the_grade_before_the_reveal_is_the_first_one_whatever_came_after(duties):
    duty = duties["committed"]
    grade(duty, 0)
    assert records()["bob", "committed"]["grade_before_reveal"] == 0
    grade(duty, 1)
    grade(duty, 2, accepted=True)
    found = records()["bob", "committed"]
    assert (found["grade_before_reveal"], found["grade"], found["accepted"]) == (0, 2, True)
    judgment_undo(duty=duty, item=duty.pool.items.get(), idempotency_key=uuid4(), actor=duty.assessor.user)
    found = records()["bob", "committed"]
    assert (found["grade_before_reveal"], found["grade"], found["accepted"]) == (0, 1, False)
    assert [event["kind"] for event in found["history"]] == ["recorded", "recorded", "accepted", "undone"]


def test_an_answer_to_a_planted_pair_says_so_and_keeps_its_history_apart(duties):
    duty = duties["edited"]
    item = duty.pool.items.get()
    grade(duty, 2)
    planted = PoolItem.with_planted.create(
        pool=duty.pool, topic=item.topic, document=item.document, position=9, best_rank=1, lot=9, run_ids=[], ranks=[],
        planted_for=duty, planted={"grade": 3}, trusted_grade=0, trusted_by=duty.suggestion_source,
    )  # fmt: skip
    judgment_record(duty=duty, item=planted, grade=3, idempotency_key=uuid4(), actor=duty.assessor.user, accepted=True)
    real, answer = [one for one in judgment_records(Track.objects.get()) if one["assessor"] == "bob"]
    assert (real["vigilance"], real["trusted_grade"], real["suggestion_grade"]) == (False, None, 2)
    assert [event["grade"] for event in real["history"]] == [2]
    assert (answer["vigilance"], answer["trusted_grade"], answer["suggestion_grade"]) == (True, 0, 3)
    assert (answer["grade"], answer["accepted"]) == (3, True)
    assert [(event["kind"], event["grade"]) for event in answer["history"]] == [("accepted", 3)]
    assert list(printed("export_qrels", "small", "--assessor", "bob").splitlines()) == ["edited 0 edited-d1 2"]


def test_an_imported_row_has_no_grade_before_a_reveal(db):
    track = make_track()
    item = make_pool(track, size=1).items.get()
    nist = Assessor.objects.create(track=track, kind=Assessor.Kind.IMPORTED, name="nist")
    Judgment.objects.create(
        assessor=nist, topic=item.topic, document=item.document, grade=1, condition="post_edit", suggestion_grade=2
    )
    (found,) = judgment_records(track)
    assert (found["suggestion_grade"], found["grade_before_reveal"], found["accepted"]) == (2, None, None)
    assert (found["evidence"], found["vigilance"]) == ([], False)


def test_what_was_seen_at_once_has_no_grade_before_it(duties):
    grade(duties["edited"], 1)
    grade(duties["edited"], 2)
    assert records()["bob", "edited"]["grade_before_reveal"] is None


def test_jsonl_and_csv_say_the_same_and_csv_holds_no_formula(duties):
    grade(duties["manual"], 1, note='=HYPERLINK("x")\nsecond line')
    grade(duties["filtered"], None, state="unjudgeable", reason="-- empty")
    lines = [json.loads(line) for line in printed("export_judgments", "small", "--format", "jsonl").splitlines()]
    rows = list(csv.DictReader(io.StringIO(printed("export_judgments", "small", "--format", "csv"), newline="")))
    assert [tuple(record) for record in lines] == [tuple(row) for row in rows] == [FIELDS] * 6
    by_topic = {row["topic"]: row for row in rows if row["assessor"] == "bob"}
    assert by_topic["manual"]["note"] == '\'=HYPERLINK("x")\nsecond line'
    assert by_topic["filtered"]["reason"] == "'-- empty"
    assert by_topic["filtered"]["grade"] == ""
    for record, row in zip(lines, rows, strict=True):
        assert json.loads(row["history"] or "[]") == record["history"]
        assert json.loads(row["distribution"] or "null") == record["distribution"]
        same = ("assessor", "topic", "docid", "state", "condition", "created_at")
        assert [record[name] for name in same] == [row[name] for name in same]


def test_an_export_reads_a_chunk_and_its_history_at_a_time(duties, django_assert_num_queries):
    track = Track.objects.get()
    for duty in duties.values():
        grade(duty, 1)
    with django_assert_num_queries(1 + 2):  # eight judgments: one look at them, and histories of four each
        assert len(list(judgment_records(track, chunk=4))) == 8
    with django_assert_num_queries(1 + 1):
        assert len(list(judgment_records(track))) == 8
    assert records(chunk=3) == records()


def test_a_track_without_judgments_exports_its_columns_only(track):
    assert printed("export_judgments", "small", "--format", "csv") == ",".join(FIELDS) + "\n"
    assert printed("export_judgments", "small") == ""
    assert not Assessor.objects.filter(judgments__isnull=False).exists()
