"""How long does it take to score 63 runs × 53 topics from the database, next to pytrec_eval on the same files?

    .venv/bin/python benchmarks/evaluate_from_database.py [--repetitions 9] [--measures nDCG@10,P@5,AP,Bpref,R@100,RR]

TREC 2021 Deep Learning as the demo ships it is loaded into a throw-away database, which is removed at the end. Both
sides then compute the same means, in turns, within one process: ours from the rows of the database to arrays to
scores, pytrec_eval from the 63 plain run files and the qrels file to scores. The scores must be equal at 4 decimals.
The printed ratio is pytrec_eval's time over ours, so above 1 ours is the faster.
"""

import argparse
import gzip
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

from scratch import scratch_services

try:
    import pytrec_eval
except ImportError:
    sys.exit("pytrec_eval is missing; `python3 manage.py test` installs what tests and benchmarks need.")

TREC_EVAL_NAMES = {
    "nDCG@10": "ndcg_cut_10",
    "P@5": "P_5",
    "AP": "map",
    "Bpref": "bpref",
    "R@100": "recall_100",
    "RR": "recip_rank",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--measures", default=",".join(TREC_EVAL_NAMES), help=f"of {', '.join(TREC_EVAL_NAMES)}")
    options = parser.parse_args()
    measures = options.measures.split(",")
    if unknown := set(measures) - set(TREC_EVAL_NAMES):
        parser.error(f"only {', '.join(TREC_EVAL_NAMES)} are compared here, not {', '.join(sorted(unknown))}")
    with scratch_services():
        compare(measures, options.repetitions)


def compare(measures: list[str], repetitions: int) -> None:
    from assessment.models import Track
    from tests.assessment.dl21 import FOLDER, NIST, load_dl21, run_files

    load_dl21("dl21")
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in run_files()]
        for path, text in zip(files, run_files().values(), strict=True):
            path.write_bytes(text)
        qrels = Path(folder, "nist.qrels")
        qrels.write_bytes(gzip.decompress((FOLDER / "nist.qrels.gz").read_bytes()))
        relevant_from = Track.objects.get(slug="dl21").relevant_from

        def ours():
            return from_database("dl21", NIST, measures)

        def theirs():
            return from_files(files, qrels, measures, relevant_from)

        check_equal(ours(), theirs())
        times = [(timed(ours), timed(theirs)) for _ in range(repetitions)]
    report(times, measures)


def from_database(slug: str, assessor: str, measures: list[str]) -> dict[str, dict[str, float]]:
    """Means by run tag and measure."""
    from assessment.models import Track
    from assessment.selectors.matrices import score_matrix

    track = Track.objects.get(slug=slug)
    evaluation = score_matrix(track, track.assessors.get(name=assessor), measures)
    means = {name: matrix.mean(axis=1).tolist() for name, matrix in evaluation.scores.items()}
    return {run: {name: means[name][place] for name in measures} for place, run in enumerate(evaluation.runs)}


def from_files(files: list[Path], qrels: Path, measures: list[str], relevant_from: int) -> dict[str, dict[str, float]]:
    """The same by pytrec_eval; a judged topic that a run lacks counts as 0."""
    with qrels.open() as stream:
        judged = pytrec_eval.parse_qrel(stream)
    names = {name: TREC_EVAL_NAMES[name] for name in measures}
    evaluator = pytrec_eval.RelevanceEvaluator(judged, set(names.values()), relevance_level=relevant_from)
    means = {}
    for path in files:
        with path.open() as stream:
            scores = evaluator.evaluate(pytrec_eval.parse_run(stream)).values()
        means[path.name] = {
            name: sum(topic[theirs] for topic in scores) / len(judged) for name, theirs in names.items()
        }
    return means


def check_equal(ours: dict, theirs: dict) -> None:
    different = [
        (run, name)
        for run, scores in theirs.items()
        for name, score in scores.items()
        if abs(ours[run][name] - score) > 5e-5
    ]
    if different or set(ours) != set(theirs):
        sys.exit(f"The two sides disagree on {len(different)} scores, first {different[:3]}: no timing means anything.")


def timed(work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def report(times: list[tuple[float, float]], measures: list[str]) -> None:
    ours, theirs = (statistics.median(side) * 1000 for side in zip(*times, strict=True))
    ratios = sorted(other / own for own, other in times)
    print(f"63 runs x 53 topics, {', '.join(measures)}; medians of {len(times)} turns each, equal at 4 decimals")
    print(f"from the database        {ours:8.1f} ms")
    print(f"pytrec_eval from files   {theirs:8.1f} ms")
    print(f"ratio                    {statistics.median(ratios):8.2f}   ({ratios[0]:.2f} to {ratios[-1]:.2f})")
    print(f"on {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")


if __name__ == "__main__":
    main()
