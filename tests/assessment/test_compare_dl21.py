"""The shipped TREC 2021 Deep Learning data, from files through the database to the figures."""

import gzip
import json

import pytest
import pytrec_eval
from django.core.management import call_command

from assessment.selectors.comparisons import compare
from assessment.selectors.matrices import score_matrix
from tests.assessment.dl21 import FOLDER, NIST, UMBRELA, load_dl21, remove, run_files

TREC_EVAL_NAMES = {
    "nDCG@10": "ndcg_cut_10",
    "P@5": "P_5",
    "AP": "map",
    "Bpref": "bpref",
    "R@100": "recall_100",
    "RR": "recip_rank",
}


@pytest.fixture(scope="module")
def dl21(django_db_setup, django_db_blocker):
    """Loaded once for this module: its tests only read."""
    with django_db_blocker.unblock():
        track = load_dl21("dl21-read-only")
        yield track
        remove(track)


def assessor(track, name):
    return track.assessors.get(name=name)


@pytest.mark.django_db
def test_nist_and_umbrela_order_the_runs_alike_and_grade_apart(dl21):
    comparison = compare(dl21, assessor(dl21, NIST), assessor(dl21, UMBRELA), "nDCG@10")
    assert (comparison.n_runs, comparison.n_topics, comparison.n_pairs) == (63, 53, 10_828)
    assert round(comparison.tau, 4) == 0.9395
    assert round(comparison.kappa, 4) == 0.3712
    assert sum(map(sum, comparison.confusion)) == 10_828


@pytest.mark.django_db
def test_the_command_prints_the_same(dl21, capsys):
    call_command("compare", dl21.slug, "--manual", NIST, "--automatic", UMBRELA, "--measure", "nDCG@10")
    printed = json.loads(capsys.readouterr().out)
    assert round(printed["tau"], 4) == 0.9395
    assert round(printed["kappa"], 4) == 0.3712
    assert len(printed["runs"]) == 63
    assert len(printed["topics"]) == 53


@pytest.mark.django_db
def test_every_score_of_every_run_and_topic_equals_pytrec_eval(dl21):
    evaluation = score_matrix(dl21, assessor(dl21, NIST), list(TREC_EVAL_NAMES))
    with gzip.open(FOLDER / "nist.qrels.gz", "rt") as stream:
        qrels = pytrec_eval.parse_qrel(stream)
    evaluator = pytrec_eval.RelevanceEvaluator(qrels, set(TREC_EVAL_NAMES.values()), relevance_level=dl21.relevant_from)
    compared = 0
    for text in run_files().values():
        lines = text.decode().splitlines()
        expected = evaluator.evaluate(pytrec_eval.parse_run(lines))
        row = evaluation.runs.index(lines[0].split()[5])
        for column, topic in enumerate(evaluation.topics):
            for ours, theirs in TREC_EVAL_NAMES.items():
                # pytrec_eval drops a topic that the run lacks; trec_eval -c counts it as 0.
                score = expected.get(topic, {}).get(theirs, 0.0)
                assert evaluation.scores[ours][row, column] == pytest.approx(score, abs=5e-5), (row, topic, ours)
                compared += 1
    assert compared == 63 * 53 * 6
