"""The shipped TREC 2021 Deep Learning data, from files through the database to the figures."""

import gzip
import json

import numpy as np
import pytest
import pytrec_eval
from django.core.management import call_command
from scipy import stats

from assessment.domain.errors import DomainError
from assessment.domain.rank_measures import tau_ap
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
PAIRS = ("agree", "opposite", "only_manual", "only_automatic", "neither")
KEYS = {
    *("tau", "tau_per_topic_mean", "tau_per_topic_undefined", "tau_pooled", "tau_top5", "tau_top10", "tau_top20"),
    *("tau_ap", "rbo", "spearman", "pearson", "rmse", "bias", "largest_drop", "stability", "jackknife_se"),
    *("significance", "swapped_pairs", "team_stability", "excluded_runs", "policies", "terms", "kappa", "confusion"),
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
    assert set(printed) >= KEYS
    assert printed["largest_drop"] == {"run": "p_f10_mt53b", "manual_rank": 20, "automatic_rank": 24}
    assert set(printed["stability"]) == {"low", "high", "samples", "seed"}
    assert set(printed["significance"]) >= {*PAIRS, "alpha", "method"}
    assert sum(printed["significance"][kind] for kind in PAIRS) == 63 * 62 // 2


@pytest.mark.django_db
def test_every_figure_is_what_scipy_makes_of_the_scores(dl21):
    comparison = compare(dl21, assessor(dl21, NIST), assessor(dl21, UMBRELA), "nDCG@10")
    scores = comparison.sides.scores
    manual, automatic = (scores[name].mean(axis=1) for name in (NIST, UMBRELA))
    assert comparison.spearman == pytest.approx(stats.spearmanr(manual.round(6), automatic.round(6)).statistic)
    assert comparison.pearson == pytest.approx(stats.pearsonr(manual, automatic).statistic)
    assert comparison.rmse == pytest.approx(np.sqrt(np.mean((automatic - manual) ** 2)))
    assert comparison.bias == pytest.approx(np.mean(automatic - manual))
    for k, tau in ((5, comparison.tau_top5), (10, comparison.tau_top10), (20, comparison.tau_top20)):
        best = manual >= np.sort(manual)[-k]
        assert tau == pytest.approx(stats.kendalltau(manual[best], automatic[best]).statistic)
    assert round(comparison.tau_per_topic_mean, 4) == 0.6409
    # From the automatic ranking downwards: how many of those above stand above it for NIST as well? Some teams sent
    # runs with the same first ten documents; here one of each is enough, so that nothing is tied.
    _, manual_once = np.unique(manual.round(6), return_index=True)
    _, automatic_once = np.unique(automatic.round(6), return_index=True)
    once = np.intersect1d(manual_once, automatic_once)
    assert len(once) > 50
    order = once[np.argsort(-automatic[once])]
    right = [(manual[order[:place]] > manual[order[place]]).sum() / place for place in range(1, len(order))]
    assert tau_ap(manual[once], automatic[once]) == pytest.approx(2 * np.mean(right) - 1)


@pytest.mark.django_db
def test_the_band_of_topic_resampling_lies_low(dl21):
    """Samples repeat topics, and fewer distinct ones tell the runs apart less well: it is no interval of confidence."""
    comparison = compare(dl21, assessor(dl21, NIST), assessor(dl21, UMBRELA), "nDCG@10")
    band = comparison.uncertainty.stability
    assert band.low < band.high < comparison.tau


@pytest.mark.django_db
def test_few_manual_topics_and_all_automatic_ones_come_near_the_whole_means(dl21, capsys):
    words = ["--manual", NIST, "--automatic", UMBRELA, "--labelled", "15", "--seed", "0"]
    call_command("ppi", dl21.slug, *words)
    found = json.loads(capsys.readouterr().out)
    assert (found["n_labelled"], found["n_unlabelled"], found["n_hidden"]) == (15, 38, 38)
    assert len(found["rows"]) == 63
    assert found["width_ratio"] < 1
    assert found["median_effective_n"] > 15
    assert found["covered"] > 0.8
    call_command("ppi", dl21.slug, *words, "--format", "csv")
    assert capsys.readouterr().out.startswith("name,estimate,low,high,weight,effective_n,human,")
    call_command("ppi", dl21.slug, *words[:4], "--labelled", "500", "--unit", "pairs")
    grades = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in grades["rows"]] == ["mean grade", "share relevant"]
    assert grades["n_labelled"] + grades["n_unlabelled"] == 10_828


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "nothing left to estimate"),
        (["--labelled", "99"], "There are 53 topics"),
        (["--labelled", "1"], "cannot be drawn"),
        (["--labelled", "9", "--lambda", "2"], "λ lies between 0 and 1"),
        (["--labelled", "9", "--unit", "pairs", "--topics", "2082"], "do not go with --unit pairs"),
    ],
)
def test_what_cannot_be_estimated_is_refused(dl21, words, said):
    with pytest.raises(DomainError, match=said):
        call_command("ppi", dl21.slug, "--manual", NIST, "--automatic", UMBRELA, *words)


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
