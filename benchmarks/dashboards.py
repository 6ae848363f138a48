"""How long does a whole comparison take, next to the same work by pytrec_eval and scipy in loops?

    .venv/bin/python benchmarks/dashboards.py [--repetitions 3] [--samples 10000]

1. TREC 2021 Deep Learning as the demo ships it, 63 runs x 53 topics, in a throw-away database. Ours: from the rows to
   every figure of the comparison, with the bootstrap and the jackknife of tau, the paired t-tests of all pairs of runs
   under both assessors with Holm's correction, and the swapped pairs. Peer: pytrec_eval on the same files, then
   scipy.stats.kendalltau for every sample and topic, scipy.stats.ttest_rel for every pair.
2. 150 runs x 50 topics of drawn scores, from the matrices on. The peer as above without pytrec_eval.

Both sides must come to the same figures. The ratio is the peer's time over ours: above 1 ours is the faster. What is
remembered between views is switched off.
"""

import argparse
import gzip
import os
import platform
import statistics
import sys
import time
from itertools import combinations

import numpy as np
from scratch import scratch_services

try:
    import pytrec_eval
except ImportError:
    sys.exit("pytrec_eval is missing; `python3 manage.py test` installs what tests and benchmarks need.")
from scipy.stats import kendalltau, ttest_rel


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--samples", type=int, default=10_000)
    options = parser.parse_args()
    with scratch_services():
        deep_learning(options.repetitions, options.samples)
        drawn(options.repetitions, options.samples)
    print(f"on {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")


def deep_learning(repetitions: int, samples: int) -> None:
    from assessment.domain.comparing import Terms, uncertainty
    from assessment.selectors.comparisons import compare
    from tests.assessment.dl21 import FOLDER, NIST, UMBRELA, load_dl21, run_files

    track = load_dl21("dl21")
    sides = [track.assessors.get(name=name) for name in (NIST, UMBRELA)]
    files = [text.decode().splitlines() for text in run_files().values()]
    qrels = [gzip.decompress((FOLDER / f"{name}.qrels.gz").read_bytes()).decode() for name in (NIST, UMBRELA)]

    def ours():
        found = compare(track, *sides, "nDCG@10", terms=Terms(samples=samples))
        scores = found.sides.scores[NIST], found.sides.scores[UMBRELA]
        return figures_of(found.figures, uncertainty(*scores, found.sides.tags, found.terms))

    def theirs():
        return by_loops(*(from_files(files, text) for text in qrels), samples)

    report("63 runs x 53 topics, from the database / from files", ours, theirs, repetitions)


def drawn(repetitions: int, samples: int) -> None:
    from assessment.domain.comparing import Terms, ranking_figures, uncertainty

    rng = np.random.default_rng(0)
    manual = np.clip(rng.random((150, 1)) * 0.4 + rng.random((1, 50)) * 0.4 + rng.normal(0, 0.12, (150, 50)), 0, 1)
    automatic = np.clip(manual + rng.normal(0, 0.12, manual.shape), 0, 1)
    runs = [f"run{place}" for place in range(150)]

    def ours():
        terms = Terms(samples=samples)
        return figures_of(ranking_figures(manual, automatic, runs, "zero"), uncertainty(manual, automatic, runs, terms))

    report("150 runs x 50 topics, from the scores", ours, lambda: by_loops(manual, automatic, samples), repetitions)


def figures_of(figures, uncertain) -> dict[str, float]:
    told = {"tau": figures.tau, "per topic": figures.tau_per_topic_mean, "jackknife": uncertain.jackknife_se}
    told |= {"low": uncertain.stability.low, "high": uncertain.stability.high}
    kinds = ("agree", "opposite", "only_manual", "only_automatic", "neither")
    return told | {name: uncertain.significance[name] for name in kinds} | {"swaps": len(uncertain.swapped_pairs)}


def from_files(files: list[list[str]], qrels: str) -> np.ndarray:
    """nDCG@10 of every run on every judged topic, runs in the order of their tags."""
    judged = pytrec_eval.parse_qrel(qrels.splitlines())
    evaluator = pytrec_eval.RelevanceEvaluator(judged, {"ndcg_cut_10"})
    rows = {}
    for lines in files:
        scores = evaluator.evaluate(pytrec_eval.parse_run(lines))
        rows[lines[0].split()[5]] = [scores.get(topic, {}).get("ndcg_cut_10", 0.0) for topic in sorted(judged)]
    return np.array([rows[tag] for tag in sorted(rows)])


def by_loops(manual: np.ndarray, automatic: np.ndarray, samples: int) -> dict[str, float]:
    """The same figures, a call of scipy for each sample, topic and pair of runs."""
    runs, topics = manual.shape

    def tau(one, other):
        return kendalltau(np.round(one, 6), np.round(other, 6)).statistic

    means = manual.mean(axis=1), automatic.mean(axis=1)
    per_topic = [tau(manual[:, topic], automatic[:, topic]) for topic in range(topics)]
    rng = np.random.default_rng(0)
    band = []
    for picked in rng.integers(topics, size=(samples, topics)):
        band.append(tau(manual[:, picked].mean(axis=1), automatic[:, picked].mean(axis=1)))
    without = [
        tau(np.delete(manual, topic, axis=1).mean(axis=1), np.delete(automatic, topic, axis=1).mean(axis=1))
        for topic in range(topics)
    ]
    spread = np.sqrt((topics - 1) / topics * ((np.array(without) - np.mean(without)) ** 2).sum())
    pairs = list(combinations(range(runs), 2))
    tests = [holm([ttest_rel(side[i], side[j]).pvalue for i, j in pairs]) for side in (manual, automatic)]
    counts = dict.fromkeys(("agree", "opposite", "only_manual", "only_automatic", "neither"), 0)
    for place, (i, j) in enumerate(pairs):
        ours, theirs = tests[0][place] <= 0.05, tests[1][place] <= 0.05
        same = (means[0][i] > means[0][j]) == (means[1][i] > means[1][j])
        both = "agree" if same else "opposite"
        counts[both if ours and theirs else "only_manual" if ours else "only_automatic" if theirs else "neither"] += 1
    swaps = sum((means[0][i] - means[0][j]) * (means[1][i] - means[1][j]) < 0 for i, j in pairs)
    low, high = np.percentile(band, [2.5, 97.5])
    told = {"tau": tau(*means), "per topic": np.mean(per_topic), "jackknife": spread, "low": low, "high": high}
    return told | counts | {"swaps": swaps}


def holm(p: list[float]) -> np.ndarray:
    order = np.argsort(p)
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(np.array(p)[order] * np.arange(len(p), 0, -1)), 1)
    return corrected


def report(what: str, ours, theirs, repetitions: int) -> None:
    mine, other = ours(), theirs()
    for name, value in other.items():
        # The topics of both sides stand in different orders, so that the same seed draws other samples of them.
        allowed = 0.01 if name in ("low", "high") else 1e-6
        if abs(mine[name] - value) > allowed:
            sys.exit(f"The two sides disagree on {name}: {mine[name]} and {value}; no timing means anything.")
    times = [(timed(ours), timed(theirs)) for _ in range(repetitions)]
    first, second = (statistics.median(side) for side in zip(*times, strict=True))
    ratios = sorted(b / a for a, b in times)
    print(f"{what}; medians of {repetitions} turns, the same figures")
    print(f"  ours                     {first:8.2f} s")
    print(f"  loops of scipy           {second:8.2f} s")
    print(f"  ratio                    {statistics.median(ratios):8.1f}   ({ratios[0]:.1f} to {ratios[-1]:.1f})")


def timed(work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
