"""What the demo ships, counted from the files themselves, and the script that makes it."""

import gzip
import io
import json
import os
import tarfile
from pathlib import Path

import pytest
import pytrec_eval
from scipy.stats import kendalltau
from sklearn.metrics import cohen_kappa_score

from assessment.domain.retrieval import MODELS, BM25Index
from config.demo import build_data
from config.demo.built_runs import built_runs, judged_pools
from config.demo.datasets import DATA, DEMO_TRACKS
from llm_worker.domain.lexical import JudgedPair, fit_without, similarities

COLLECTED = Path(os.environ.get("ASSAY_DATA", build_data.DEFAULT_DATA))
CSFCUBE, DL21, RAG24 = DEMO_TRACKS


def content(path):
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def read_qrels(track):
    """assessor → (topic, docid) → grade"""
    rows = {}
    for qrels in track.qrels:
        lines = [line.split() for line in content(qrels.path).decode().splitlines()]
        rows[qrels.assessor] = {(qid, docid): int(grade) for qid, _, docid, grade in lines}
        assert len(rows[qrels.assessor]) == len(lines), f"{qrels.assessor} grades a pair twice"
    return rows


def read_json_lines(path):
    return [json.loads(line) for line in content(path).splitlines()]


def kappa(first, second, at_least=None):
    pairs = [(first[key], second[key]) for key in first if first[key] >= 0 and second[key] >= 0]
    if at_least is not None:
        pairs = [(a >= at_least, b >= at_least) for a, b in pairs]
    return cohen_kappa_score(*zip(*pairs, strict=True))


@pytest.fixture(scope="module")
def csfcube_grades():
    return read_qrels(CSFCUBE)


@pytest.fixture(scope="module")
def dl21_grades():
    return read_qrels(DL21)


# --- all tracks


@pytest.mark.parametrize("track", DEMO_TRACKS, ids=lambda track: track.slug)
def test_each_track_says_where_it_is_from_and_under_what_licence(track):
    folder = DATA / track.slug
    assert track.licence and track.attribution and track.source.startswith("https://")
    assert (folder / "ATTRIBUTION.md").read_text(encoding="utf-8").startswith("# ")


def test_csfcubes_licence_is_shipped_beside_it():
    assert "Attribution-NonCommercial 4.0" in CSFCUBE.licence_file.read_text(encoding="utf-8")


@pytest.mark.parametrize(("track", "limit"), [(CSFCUBE, 1_500_000), (DL21, 1_200_000), (RAG24, 250_000)])
def test_what_is_shipped_stays_small(track, limit):
    assert sum(path.stat().st_size for path in (DATA / track.slug).iterdir()) < limit


@pytest.mark.parametrize("track", DEMO_TRACKS, ids=lambda track: track.slug)
def test_every_shipped_grade_is_on_the_tracks_scale(track):
    scale = [grade.grade for grade in track.scale]
    assert scale == [0, 1, 2, 3]
    assert [grade.key for grade in track.scale] == ["0", "1", "2", "3"]
    assert track.relevant_from in scale
    for grades in read_qrels(track).values():
        assert set(grades.values()) <= {*scale, -1}


# --- RAG24


def test_rag24_has_nists_labels_of_45_systems_on_ten_topics():
    (file,) = RAG24.assignments
    answers = read_json_lines(file.path)
    nuggets = {answer["qid"]: len(answer["nuggets"]) for answer in answers}
    assert (len(answers), len({answer["run_id"] for answer in answers})) == (440, 45)
    assert (len(nuggets), sum(nuggets.values())) == (10, 114)
    topics = [line.split("\t") for line in content(RAG24.topics).decode().splitlines()]
    assert [nuggets[qid] for qid, _ in topics] == [7, 9, 10, 11, 12, 13, 13, 13, 13, 13]
    assert {answer["qid"]: answer["query"] for answer in answers} == dict(topics)


def test_the_figure_that_the_check_looks_for_is_counted_from_the_file():
    shares = []
    for answer in read_json_lines(RAG24.assignments[0].path):
        vital = [one["assignment"] == "support" for one in answer["nuggets"] if one["importance"] == "vital"]
        shares += [sum(vital) / len(vital)] if answer["run_id"] == "ldilab_gpt_4o" else []
    assert sum(shares) / 10 == pytest.approx(0.7691, abs=5e-5)


# --- CSFCube


def test_csfcube_has_twelve_topics_four_a_facet_each_from_another_paper():
    ids = [topic["id"] for topic in read_json_lines(CSFCUBE.topics)]
    papers, facets = zip(*(topic_id.split("_") for topic_id in ids), strict=True)
    assert len(set(papers)) == 12
    assert sorted(facets) == ["background"] * 4 + ["method"] * 4 + ["result"] * 4


def test_csfcubes_topics_ask_for_their_facet_and_quote_it():
    for topic in read_json_lines(CSFCUBE.topics):
        asked, facet, rest = topic["narrative"].split("\n\n")
        wording = build_data.FACETS[topic["id"].split("_")[1]].wording
        assert f"in their {wording}?" in asked
        assert facet.startswith(f"Its {wording}: ") and len(facet) > 100
        assert "_label" not in facet + rest


def test_csfcubes_documents_are_the_judged_papers_with_their_abstracts(csfcube_grades):
    documents = read_json_lines(CSFCUBE.documents)
    docids = [document["docid"] for document in documents]
    assert len(docids) == len(set(docids)) == 2135
    assert set(docids) == {docid for _, docid in csfcube_grades["annotator3"]}
    assert all(document["title"] and len(document["segment"]) > 100 for document in documents)
    assert not any("_label: " in document["segment"] for document in documents)


def test_the_facet_spans_of_a_document_cover_its_abstract_sentence_by_sentence():
    for document in read_json_lines(CSFCUBE.documents):
        spans = document["facets"]
        assert " ".join(document["segment"][start:end] for start, end, _ in spans) == document["segment"]
        assert {label for _, _, label in spans} <= {"background", "objective", "method", "result", "other"}


def test_two_people_and_the_adjudication_graded_the_same_2207_pairs(csfcube_grades):
    first, second, adjudicated = csfcube_grades.values()
    assert first.keys() == second.keys() == adjudicated.keys()
    assert len(first) == 2207


def test_no_query_paper_stands_in_its_own_pool(csfcube_grades):
    assert not any(qid.startswith(f"{docid}_") for qid, docid in csfcube_grades["adjudicated"])


def test_agreement_of_the_two_people_is_what_the_pages_may_show(csfcube_grades):
    assert kappa(csfcube_grades["annotator3"], csfcube_grades["annotator4"]) == pytest.approx(0.2541, abs=5e-5)
    assert kappa(csfcube_grades["annotator3"], csfcube_grades["annotator4"], 2) == pytest.approx(0.3266, abs=5e-5)


def test_specters_run_ranks_each_judged_pool_by_falling_score(csfcube_grades):
    [(_, run)] = CSFCUBE.runs()
    lines = [line.split() for line in run.decode().splitlines()]
    assert {tag for *_, tag in lines} == {"SPECTER"}
    assert {(qid, docid) for qid, _, docid, *_ in lines} == csfcube_grades["adjudicated"].keys()
    for (qid, _, _, place, score, _), (next_qid, _, _, next_place, next_score, _) in zip(
        lines, lines[1:], strict=False
    ):
        if qid == next_qid:
            assert int(next_place) == int(place) + 1
            assert float(next_score) <= float(score)


def test_the_runs_built_at_load_time_are_standard_runs_that_find_relevant_papers(csfcube_grades):
    built = dict(built_runs(CSFCUBE))
    assert list(built) == ["BM25", "TF-IDF", "LSA"] == list(MODELS)
    relevant = {}
    for (qid, docid), grade in csfcube_grades["adjudicated"].items():
        relevant.setdefault(qid, {})[docid] = grade
    evaluator = pytrec_eval.RelevanceEvaluator(relevant, {"ndcg_cut_10"})
    for name, run in built.items():
        assert {line.split()[5] for line in run.decode().splitlines()} == {name}
        scores = evaluator.evaluate(pytrec_eval.parse_run(io.StringIO(run.decode())))
        assert len(scores) == 12
        # The same pools shuffled reach 0.18 on average, and 0.27 in the best of 200 shuffles.
        assert sum(score["ndcg_cut_10"] for score in scores.values()) / 12 > 0.3


def test_a_track_without_text_has_no_built_runs():
    assert DL21.documents is None
    assert list(built_runs(DL21)) == []


def test_building_the_runs_twice_gives_the_same_bytes():
    assert dict(built_runs(CSFCUBE)) == dict(built_runs(CSFCUBE))


def test_the_lexical_judge_beats_chance_on_topics_it_has_not_seen(csfcube_grades):
    documents = read_json_lines(CSFCUBE.documents)
    index = BM25Index(f"{document['title']} {document['segment']}" for document in documents)
    row_of = {document["docid"]: row for row, document in enumerate(documents)}
    graded, pools, pairs = csfcube_grades["adjudicated"], judged_pools(CSFCUBE), []
    for topic in read_json_lines(CSFCUBE.topics):
        similarity = similarities(index, f"{topic['title']} {topic['narrative']}")
        qid = topic["id"]
        pairs += [JudgedPair(qid, similarity[row_of[docid]], graded[qid, docid]) for docid in pools[qid]]
    models = {qid: fit_without(qid, pairs, [0, 1, 2, 3]) for qid in pools}
    given = [models[pair.topic].grade(pair.similarity)[0] for pair in pairs]
    assert cohen_kappa_score([pair.grade for pair in pairs], given) == pytest.approx(0.2205, abs=0.005)


# --- Deep Learning 2021


def test_dl21_has_63_runs_of_at_most_20_passages_named_by_their_tag():
    runs = dict(DL21.runs())
    topics = {line.split("\t")[0] for line in content(DL21.topics).decode().splitlines()}
    assert len(runs) == 63
    assert len(topics) == 53
    for name, run in runs.items():
        lines = [line.split() for line in run.decode().splitlines()]
        assert {tag for *_, tag in lines} == {name}
        assert {qid for qid, *_ in lines} <= topics
        assert len(lines) <= 20 * len(topics)


def test_nist_and_umbrela_grade_the_same_10828_pairs_with_the_published_agreement(dl21_grades):
    nist, umbrela = dl21_grades["NIST"], dl21_grades["UMBRELA-GPT-4o"]
    assert nist.keys() == umbrela.keys()
    assert len(nist) == 10_828
    assert kappa(nist, umbrela) == pytest.approx(0.3712, abs=5e-5)
    assert kappa(nist, umbrela, 2) == pytest.approx(0.5, abs=5e-5)


def test_dl21s_runs_stand_in_nearly_the_same_order_under_both_assessors():
    means = {}
    for qrels in DL21.qrels:
        graded = pytrec_eval.parse_qrel(io.StringIO(content(qrels.path).decode()))
        evaluator = pytrec_eval.RelevanceEvaluator(graded, {"ndcg_cut_10"})
        means[qrels.assessor] = [
            round(sum(score["ndcg_cut_10"] for score in evaluator.evaluate(_run(run)).values()) / len(graded), 6)
            for _, run in DL21.runs()
        ]
    assert kendalltau(means["NIST"], means["UMBRELA-GPT-4o"]).statistic == pytest.approx(0.9395, abs=5e-5)


def _run(run):
    return pytrec_eval.parse_run(io.StringIO(run.decode()))


# --- the script


QUERY = """======================
paper_id: {pid}; YEAR: 2001
TITLE: Query {pid}
ABSTRACT: background_label: Why.
method_label: How.
"""
POOLED = """===================================
paper_id: {pid}; YEAR: None
adju relevance: {adjudicated}
difference: 1; {a}: {grade}; annotator3: 1
sources: cited - specter
TITLE: Paper: {pid}
ABSTRACT: method_label: A sentence: with a colon.
result_label: Another.

"""


def annotations(folder, topics):
    """A tar archive like CSFCube's, of `topics`: (pid, facet) → list of fields of `POOLED`."""
    path = folder / "annotations.tar"
    with tarfile.open(path, "w") as archive:
        for (pid, facet), pool in topics.items():
            text = QUERY.format(pid=pid) + "".join(POOLED.format(**fields) for fields in pool)
            member = tarfile.TarInfo(f"readable/{pid}-{facet}-adju.txt")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


def pooled(pid, grade=0, adjudicated="Related (+1)", a="annotator4"):
    return {"pid": pid, "grade": grade, "adjudicated": adjudicated, "a": a}


def test_a_block_is_read_with_its_grades_by_person_and_its_sentences(tmp_path):
    [topic] = build_data.read_topics(annotations(tmp_path, {("1", "method"): [pooled("7", grade=-1)]}))
    assert topic.id == "1_method"
    [judged] = topic.pool
    assert judged.grades == {"annotator4": -1, "annotator3": 1}
    assert judged.adjudicated == 1
    sentences = (("method", "A sentence: with a colon."), ("result", "Another."))
    assert judged.paper == build_data.Paper("7", None, "Paper: 7", sentences)


def test_the_query_paper_is_taken_out_of_its_own_pool(tmp_path):
    [topic] = build_data.read_topics(annotations(tmp_path, {("1", "method"): [pooled("1"), pooled("7")]}))
    assert [item.paper.pid for item in topic.pool] == ["7"]


def test_topics_of_other_people_are_left_out_and_unjudged_pairs_count_against_a_topic(tmp_path):
    similar = "Similar (+2)"
    topics = {
        ("1", "method"): [pooled("7", adjudicated=similar), pooled("8", grade=-1, adjudicated=similar)],
        ("2", "method"): [pooled("7")],
        ("3", "method"): [pooled("7", a="annotator2")],
        ("4", "method"): [pooled("7", adjudicated=similar)],
        ("5", "method"): [pooled("7")],
        ("6", "method"): [pooled("7")],
        ("2", "background"): [pooled("7")],
    }
    chosen = build_data.choose_topics(build_data.read_topics(annotations(tmp_path, topics)))
    assert [topic.id for topic in chosen] == ["1_method", "2_background", "4_method", "5_method", "6_method"]


@pytest.mark.skipif(
    not (COLLECTED / "csfcube").is_dir(), reason="the collected public data is not here; name its folder in ASSAY_DATA"
)
def test_the_script_makes_what_is_shipped(tmp_path):
    build_data.build_csfcube(COLLECTED / "csfcube", tmp_path / "csfcube")
    build_data.build_dl21(COLLECTED / "dl21", tmp_path / "dl21")
    build_data.build_rag24(COLLECTED / "rag24", tmp_path / "rag24")
    made = sorted(path.relative_to(tmp_path) for path in tmp_path.glob("*/*"))
    by_hand = {"track.yaml", "ATTRIBUTION.md"}
    shipped = sorted(path.relative_to(DATA) for path in DATA.glob("*/*") if path.name not in by_hand)
    assert made == shipped
    for path in made:
        # Another zlib may pack the same text into other bytes, so packed files are compared unpacked.
        assert content(tmp_path / path) == content(DATA / path), path
