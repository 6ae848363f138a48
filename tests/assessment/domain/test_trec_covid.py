"""28 runs of TREC-COVID, round 1: tests and leave-one-team-out against pytrec_eval, scipy and statsmodels."""

import csv
from itertools import combinations

import numpy as np
import pytest
import pytrec_eval
from scipy import stats
from statsmodels.stats.multitest import multipletests

from assessment.domain.measures import evaluate
from assessment.domain.significance import pairwise, significance_agreement
from assessment.domain.team_out import leave_teams_out
from tests.assessment.domain.test_measures import as_arrays, read_archive, read_grades

FOLDER = "trec-covid-round1"


@pytest.fixture(scope="module")
def runs(real_data):
    return read_archive(real_data / FOLDER / "runs.28systems.top100.tar.xz", None)


@pytest.fixture(scope="module")
def grades(real_data):
    return read_grades(real_data / FOLDER / "qrels-rnd1.txt.gz", range(3))


@pytest.fixture(scope="module")
def team_of(real_data):
    """Each of the 28 runs is of a team of its own, so teams are taken together by their first letter."""
    with (real_data / FOLDER / "leaderboard.csv").open(newline="") as file:
        return {row["run"]: row["team"][0].upper() for row in csv.DictReader(file)}


def scores_of(run):
    return {topic: dict(zip(ranking.docids, map(float, ranking.scores), strict=True)) for topic, ranking in run.items()}


def by_pytrec_eval(runs, qrels, measure):
    """Runs x topics; a topic that the run lacks is 0."""
    evaluator = pytrec_eval.RelevanceEvaluator(qrels, {measure})
    rows = []
    for run in runs.values():
        found = evaluator.evaluate(scores_of(run))
        rows.append([found.get(topic, {}).get(measure, 0.0) for topic in sorted(qrels)])
    return np.array(rows)


def test_significance_is_that_of_scipy_and_statsmodels_on_scores_of_pytrec_eval(runs, grades):
    names = {"nDCG@10": "ndcg_cut_10", "P@5": "P_5"}
    ours = evaluate(*as_arrays(runs, grades), list(names)).scores
    pairs = list(combinations(range(28), 2))
    upper = tuple(np.array(pairs).T)
    found, rejected, directions = {}, {}, {}
    for name, theirs in names.items():
        scores = by_pytrec_eval(runs, grades, theirs)
        with np.errstate(invalid="ignore", divide="ignore"):
            p = np.array([stats.ttest_rel(scores[i], scores[j]).pvalue for i, j in pairs])
        p[np.isnan(p)] = 1.0  # scipy has no p for two runs with the same scores
        rejected[name], adjusted, *_ = multipletests(p, alpha=0.05, method="holm")
        directions[name] = np.sign([scores[i].mean() - scores[j].mean() for i, j in pairs])
        found[name] = pairwise(ours[name])
        assert found[name].adjusted[upper] == pytest.approx(adjusted, abs=1e-9)
        assert (found[name].significant[upper] == rejected[name]).all()
    both = rejected["nDCG@10"] & rejected["P@5"]
    same = directions["nDCG@10"] == directions["P@5"]
    told = significance_agreement(found["nDCG@10"], found["P@5"])
    assert told["agree"] == (both & same).sum() > 0
    assert told["opposite"] == (both & ~same).sum()
    assert told["only_manual"] == (rejected["nDCG@10"] & ~rejected["P@5"]).sum() > 0
    assert told["only_automatic"] == (~rejected["nDCG@10"] & rejected["P@5"]).sum()
    assert sum(told[name] for name in ("agree", "opposite", "only_manual", "only_automatic", "neither")) == len(pairs)


def test_leaving_a_team_out_is_what_taking_the_qrels_apart_gives(runs, grades, team_of):
    rankings, judged = as_arrays(runs, grades)
    teams = [team_of[tag] for tag in rankings.runs]
    assert len(set(teams)) < len(teams) == 28
    found = leave_teams_out(rankings, judged, teams, "nDCG@10", depth=10)
    changed = 0
    for row in found.runs:
        gone = pooled(runs, team_of, row.team) - pooled(runs, team_of, *set(teams) - {row.team})
        qrels = {
            topic: {docid: grade for docid, grade in graded.items() if (topic, docid) not in gone}
            for topic, graded in grades.items()
        }
        assert row.removed == sum((topic, docid) in gone for topic, graded in grades.items() for docid in graded)
        expected = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut_10"}).evaluate(scores_of(runs[row.run]))
        mean = sum(one["ndcg_cut_10"] for one in expected.values()) / len(grades)
        assert row.left_out_score == pytest.approx(mean, abs=1e-9)
        changed += row.left_out_score != row.score
    assert changed > 10


def pooled(runs, team_of, *teams):
    """The (topic, docid) pairs among the first ten of these teams' runs."""
    return {
        (topic, docid)
        for tag, ranked in runs.items()
        if team_of[tag] in teams
        for topic, ranking in ranked.items()
        for docid in ranking.docids[:10]
    }
