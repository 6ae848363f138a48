import csv
import tarfile
from collections.abc import Mapping

import numpy as np
import pytest
import pytrec_eval
from hypothesis import given, settings
from hypothesis import strategies as st

from assessment.domain.correlation import kendall_tau
from assessment.domain.errors import DomainError
from assessment.domain.measures import Evaluation, Grades, Rankings, evaluate, mean_scores, parse_measure
from assessment.domain.qrels import read_qrels
from assessment.domain.runs import Ranked, ranked, read_run

Runs = Mapping[str, Mapping[str, Ranked]]
Qrels = Mapping[str, Mapping[str, int]]

ALL = ["nDCG", "nDCG@3", "nDCG@10", "P@5", "P@100", "AP", "AP@4", "Bpref", "R@1", "R@5", "RR", "Success@2"]
TREC_EVAL = ["ndcg", "ndcg_cut_3", "ndcg_cut_10", "P_5", "P_100", "map", "map_cut_4", "bpref", "recall_1", "recall_5"]
TREC_EVAL += ["recip_rank", "success_2"]


def score(runs: Runs, qrels: Qrels, measures: list[str], relevant_from: int = 1) -> Evaluation:
    """Evaluate dictionaries through the arrays that the domain works on."""
    return evaluate(*as_arrays(runs, qrels), measures, relevant_from)


def as_arrays(runs: Runs, qrels: Qrels) -> tuple[Rankings, Grades]:
    topics = sorted({topic for rankings in runs.values() for topic in rankings} | set(qrels))
    documents: dict[str, int] = {}
    numbered = [
        (run, topics.index(topic), [documents.setdefault(docid, len(documents)) for docid in ranking.docids])
        for run, rankings in enumerate(runs.values())
        for topic, ranking in rankings.items()
    ]
    judged = [
        (topics.index(topic), documents.setdefault(docid, len(documents)), grade)
        for topic, grades in qrels.items()
        for docid, grade in grades.items()
    ]
    rankings = Rankings(
        list(runs),
        topics,
        np.array([run for run, _, _ in numbered], dtype=np.int32),
        np.array([topic for _, topic, _ in numbered], dtype=np.int32),
        np.cumsum([0] + [len(docs) for _, _, docs in numbered], dtype=np.int64),
        np.array([doc for _, _, docs in numbered for doc in docs], dtype=np.int32),
    )
    columns = (np.array(column, dtype=kind) for column, kind in zip(_columns(judged), KINDS, strict=True))
    return rankings, Grades(*columns)


KINDS = (np.int32, np.int32, np.int16)


def _columns(rows: list[tuple[int, int, int]]) -> list[tuple[int, ...]]:
    return list(zip(*rows, strict=True)) or [(), (), ()]


def one(docids: str, grades: dict[str, int], measure: str, relevant_from: int = 1) -> float:
    ranking = Ranked(docids.split(), np.arange(len(docids.split()), 0, -1, dtype=np.float32))
    return float(score({"run": {"1": ranking}}, {"1": grades}, [measure], relevant_from).scores[measure][0, 0])


GRADED = {"a": 2, "b": 1, "c": 0, "d": 1}


@pytest.mark.parametrize(
    "measure, expected",
    [
        ("P@2", 1 / 2),
        ("P@10", 2 / 10),
        ("R@2", 1 / 3),
        ("AP", (1 / 2 + 2 / 4) / 3),
        ("AP@3", (1 / 2) / 3),
        ("RR", 1 / 2),
        ("RR@1", 0),
        ("RR@2", 1 / 2),
        ("Success@1", 0),
        ("Success@2", 1),
        ("Judged@1", 1),
        ("Judged@3", 2 / 3),
        ("Judged@10", 3 / 4),
        ("Bpref", (1 - 1 / 1) * 2 / 3),
        ("nDCG@2", (2 / np.log2(3)) / (2 + 1 / np.log2(3))),
        ("nDCG", (2 / np.log2(3) + 1 / np.log2(5)) / (2 + 1 / np.log2(3) + 1 / np.log2(4))),
    ],
)
def test_measures_worked_by_hand(measure, expected):
    assert one("c a x b", GRADED, measure) == pytest.approx(expected)


def test_the_threshold_changes_what_is_relevant_but_not_ndcg():
    assert one("b a", GRADED, "RR", relevant_from=2) == 1 / 2
    assert one("b a", GRADED, "nDCG", relevant_from=2) == one("b a", GRADED, "nDCG")


def random_case(seed: int) -> tuple[dict, Qrels]:
    """Scores with many ties, topics that runs lack, unjudged topics, topics without any relevant document."""
    rng = np.random.default_rng(seed)
    qrels = {
        str(topic): {f"d{doc}": int(rng.integers(0, 4)) for doc in rng.choice(60, rng.integers(1, 40), replace=False)}
        for topic in range(12)
    }
    qrels["0"] = dict.fromkeys(qrels["0"], 0)
    qrels["1"] = dict.fromkeys(qrels["1"], 3)
    scores = {
        f"run{run}": {
            str(topic): {
                f"d{doc}": float(np.float32(rng.integers(0, 9) / 7))
                for doc in rng.choice(90, rng.integers(1, 80), replace=False)
            }
            for topic in rng.choice(14, 10, replace=False)
        }
        for run in range(9)
    }
    return scores, qrels


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("relevant_from", [1, 2, 3])
def test_every_measure_equals_trec_eval_on_random_runs_with_ties(seed, relevant_from):
    scores, qrels = random_case(seed)
    runs = {
        run: {topic: ranked(list(docs), list(docs.values())) for topic, docs in topics.items()}
        for run, topics in scores.items()
    }
    evaluation = score(runs, qrels, ALL, relevant_from)
    assert evaluation.topics == sorted(qrels)
    reference = pytrec_eval.RelevanceEvaluator(qrels, TREC_EVAL, relevance_level=relevant_from)
    for row, run in enumerate(evaluation.runs):
        expected = reference.evaluate(scores[run])
        assert "0" in expected or "0" not in scores[run]  # a topic without relevant documents is evaluated: as 0
        for ours, theirs in zip(ALL, TREC_EVAL, strict=True):
            complete = [expected.get(topic, {}).get(theirs, 0.0) for topic in evaluation.topics]
            assert evaluation.scores[ours][row] == pytest.approx(complete, abs=1e-9), ours


def test_reciprocal_rank_with_a_cutoff_is_that_of_the_cut_run():
    scores, qrels = random_case(7)
    runs = {
        run: {topic: ranked(list(docs), list(docs.values())) for topic, docs in topics.items()}
        for run, topics in scores.items()
    }
    cut = {
        run: {topic: Ranked(ranking.docids[:3], ranking.scores[:3]) for topic, ranking in topics.items()}
        for run, topics in runs.items()
    }
    assert np.array_equal(score(runs, qrels, ["RR@3"]).scores["RR@3"], score(cut, qrels, ["RR"]).scores["RR"])


def test_a_judged_topic_that_a_run_lacks_counts_as_zero_and_an_unjudged_one_not_at_all():
    ranking = ranked(["a"], [1.0])
    evaluation = score({"r": {"1": ranking, "3": ranking}}, {"1": {"a": 1}, "2": {"a": 1}}, ["P@1"])
    assert evaluation.topics == ["1", "2"]
    assert evaluation.scores["P@1"].tolist() == [[1.0, 0.0]]
    assert mean_scores(evaluation.scores["P@1"]).tolist() == [0.5]


def test_runs_without_any_judgment_have_no_mean():
    evaluation = score({"r": {"1": ranked(["a"], [1.0])}}, {}, ALL + ["Judged@5"])
    assert all(matrix.shape == (1, 0) for matrix in evaluation.scores.values())
    with pytest.raises(DomainError, match="nothing to average"):
        mean_scores(evaluation.scores["AP"])


def test_documents_that_share_their_low_bits_are_not_confused():
    evaluation = evaluate(
        Rankings(["r"], ["1"], *(np.array(x) for x in ([0], [0], [0, 2], [5 + (1 << 20), 5]))),
        Grades(np.array([0]), np.array([5]), np.array([1])),
        ["RR"],
    )
    assert evaluation.scores["RR"].tolist() == [[0.5]]


@pytest.mark.parametrize("name", ["nDCG@10", "P@5", "AP", "Bpref", "R@100", "RR", "RR@10", "Judged@10", "Success@1"])
def test_measures_are_named_as_ir_measures_names_them(name):
    measure = parse_measure(name)
    assert measure.name == name
    assert name == measure.kind + (f"@{measure.cutoff}" if measure.cutoff else "")


@pytest.mark.parametrize(
    "name", ["", "P", "ndcg@10", "P@0", "P@05", "P@5 ", "Bpref@10", "MAP", "P@-1", "P@1.5", "Judged"]
)
def test_an_unknown_measure_is_refused_with_those_that_are_known(name):
    with pytest.raises(DomainError, match="nDCG@k, P@k, AP"):
        parse_measure(name)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from("123"), st.lists(st.sampled_from("abcdefgh"), unique=True), min_size=1),
    st.dictionaries(
        st.sampled_from("1234"), st.dictionaries(st.sampled_from("abcdefghij"), st.integers(0, 4), min_size=1)
    ),
    st.integers(1, 4),
)
def test_every_score_lies_between_zero_and_one(rankings, qrels, relevant_from):
    runs = {"r": {topic: Ranked(docs, np.zeros(len(docs))) for topic, docs in rankings.items()}}
    for matrix in score(runs, qrels, [*ALL, "RR@2", "Judged@3"], relevant_from).scores.values():
        assert matrix.shape == (1, len(qrels))
        assert ((matrix >= 0) & (matrix <= 1 + 1e-12)).all()


def read_archive(path, topics) -> Runs:
    runs = {}
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile():
                run = read_run(archive.extractfile(member), member.name, known_topics=topics, skip_unknown_topics=True)
                runs[run.tag] = run.rankings
    return runs


def read_grades(path, scale) -> Qrels:
    grades: dict[str, dict[str, int]] = {}
    for line in read_qrels(path, path.name, scale=scale).lines:
        if not line.is_unjudgeable:
            grades.setdefault(line.topic, {})[line.docid] = line.grade
    return grades


def test_the_trec_covid_runs_score_as_on_the_official_leaderboard(real_data):
    folder = real_data / "trec-covid-round1"
    runs = read_archive(folder / "runs.28systems.top100.tar.xz", None)
    evaluation = score(runs, read_grades(folder / "qrels-rnd1.txt.gz", range(3)), ["nDCG@10", "P@5"])
    with (folder / "leaderboard.csv").open(newline="") as file:
        official = {row["run"]: (float(row["ndcg@10"]), float(row["p@5"])) for row in csv.DictReader(file)}
    assert len(evaluation.runs) == 28
    assert len(evaluation.topics) == 30
    means = {name: mean_scores(matrix) for name, matrix in evaluation.scores.items()}
    for row, run in enumerate(evaluation.runs):
        assert (round(means["nDCG@10"][row], 4), round(means["P@5"][row], 4)) == official[run]


def test_deep_learning_2021_runs_are_ranked_alike_by_nist_and_umbrela(real_data):
    nist = read_grades(real_data / "dl21/qrels.nist.txt.gz", range(4))
    umbrela = read_grades(real_data / "dl21/qrels.umbrela-gpt-4o.txt.gz", range(4))
    runs = read_archive(real_data / "dl21/runs.63systems.judged53topics.top20.tar.xz", set(nist))
    assert (len(runs), len(nist), set(nist)) == (63, 53, set(umbrela))
    by_nist, by_umbrela = (score(runs, grades, ["nDCG@10", "Bpref"]) for grades in (nist, umbrela))
    tau = kendall_tau(*(mean_scores(evaluation.scores["nDCG@10"]) for evaluation in (by_nist, by_umbrela)))
    assert round(tau, 4) == 0.9395
    reference = pytrec_eval.RelevanceEvaluator(nist, ["ndcg_cut_10", "bpref"], relevance_level=1)
    for row, run in enumerate(by_nist.runs):
        scores = {
            topic: dict(zip(ranking.docids, map(float, ranking.scores), strict=True))
            for topic, ranking in runs[run].items()
        }
        expected = reference.evaluate(scores)
        for ours, theirs in (("nDCG@10", "ndcg_cut_10"), ("Bpref", "bpref")):
            complete = [expected.get(topic, {}).get(theirs, 0.0) for topic in by_nist.topics]
            assert by_nist.scores[ours][row] == pytest.approx(complete, abs=1e-9)
