"""Which order of judging finds the relevant documents first, and what do the runs look like by what it has found?

    .venv/bin/python benchmarks/replay_pools.py [--seeds 20] [--share 0.2] [--data FOLDER]

Replays TREC-COVID round 1 (28 runs, 30 topics) without services or a database. The pool of a topic is what the runs
returned and NIST judged; a share of it is judged again, in each of three orders:

    random          any order (the seed draws it)
    depth           by best rank, as depth-k pools are judged (the seed breaks ties)
    move-to-front   one document after the other, depending on the grades so far (the seed draws the order of the runs)

Printed are the share of the pool's relevant documents (grade 1 or more) that was found, over all topics; Kendall's tau
between the runs' mean nDCG@10 by the judgments so far and by the full qrels, unjudged being not relevant; and the
ratio of the relevant found to those of depth, seed by seed. FOLDER holds the public TREC data (default: ASSAY_DATA, or
shared/data beside the checkout).
"""

import argparse
import os
import random
import statistics
import sys
import tarfile
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

BASE_DIR = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BASE_DIR))

from assessment.domain.correlation import kendall_tau  # noqa: E402
from assessment.domain.measures import Grades, Rankings, evaluate, mean_scores  # noqa: E402
from assessment.domain.move_to_front import following  # noqa: E402
from assessment.domain.pooling import topic_pool  # noqa: E402
from assessment.domain.qrels import read_qrels  # noqa: E402
from assessment.domain.runs import read_run  # noqa: E402

MEASURE = "nDCG@10"
RELEVANT_FROM = 1
RANDOM, DEPTH, MOVE_TO_FRONT = STRATEGIES = ("random", "depth", "move-to-front")

Qrels = dict[str, dict[str, int]]  # grades by topic and docid


class Collection(NamedTuple):
    """`runs`: docids in trec_eval's order by run tag and topic."""

    runs: dict[str, dict[str, Sequence[str]]]
    qrels: Qrels


class Outcome(NamedTuple):
    """Of one replay: the share of the pool's relevant documents that was found, and tau (None: undefined)."""

    found: float
    tau: float | None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--share", type=float, default=0.2, help="of each topic's pool that is judged")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("ASSAY_DATA") or BASE_DIR / "../shared/data"))
    options = parser.parse_args()
    folder = options.data / "trec-covid-round1"
    if not folder.is_dir():
        sys.exit(f"There is no {folder}; --data or ASSAY_DATA names the folder of the public TREC data.")
    collection = trec_covid(folder)
    outcomes = replay(collection, options.share, range(options.seeds))
    report(collection, options.share, outcomes)
    means = [statistics.fmean(outcome.found for outcome in outcomes[strategy]) for strategy in STRATEGIES]
    if not means[0] < means[1] < means[2]:
        sys.exit("Move-to-front does not find more than depth, or depth not more than random: the claim is wrong.")


def trec_covid(folder: Path) -> Collection:
    """The runs and qrels of the first round, as the project's own readers read them."""
    runs = {}
    with tarfile.open(folder / "runs.28systems.top100.tar.xz") as archive:
        for member in filter(tarfile.TarInfo.isfile, archive):
            run = read_run(archive.extractfile(member), member.name)
            runs[run.tag] = {topic: ranking.docids for topic, ranking in run.rankings.items()}
    qrels: Qrels = {}
    for line in read_qrels(folder / "qrels-rnd1.txt.gz", "qrels-rnd1.txt.gz", scale=range(3)).lines:
        if not line.is_unjudgeable:
            qrels.setdefault(line.topic, {})[line.docid] = line.grade
    return Collection(runs, qrels)


def replay(collection: Collection, share: float, seeds: Iterable[int]) -> dict[str, list[Outcome]]:
    """One outcome a seed, by strategy; every strategy judges the same number of documents of a topic."""
    score = Scores(collection)
    outcomes: dict[str, list[Outcome]] = {strategy: [] for strategy in STRATEGIES}
    for seed in seeds:
        for strategy in STRATEGIES:
            judged, found, relevant = {}, 0, 0
            for topic, grades in collection.qrels.items():
                rng = random.Random(f"{seed} {topic}")
                rankings = [run.get(topic, ()) for run in collection.runs.values()]
                pool = grades.keys() & {document for documents in rankings for document in documents}
                chosen = judged_first(strategy, rankings, grades, round(share * len(pool)), rng)
                judged[topic] = {document: grades[document] for document in chosen}
                found += count_relevant(grades, chosen)
                relevant += count_relevant(grades, pool)
            outcomes[strategy].append(Outcome(found / relevant, kendall_tau(score.full, score.means(judged))))
    return outcomes


def judged_first(
    strategy: str, rankings: Sequence[Sequence[str]], grades: dict[str, int], number: int, rng: random.Random
) -> list[str]:
    """The first `number` documents that the strategy asks for, of those that have a grade."""
    rankings = rng.sample(rankings, len(rankings))
    if strategy == MOVE_TO_FRONT:
        chosen: list[str] = []
        labels: dict[str, bool] = {}
        pooled = [[document for document in documents if document in grades] for documents in rankings]
        for document in islice(following(pooled, labels), number):
            chosen.append(document)
            labels[document] = grades[document] >= RELEVANT_FROM
        return chosen
    entries = topic_pool(dict(enumerate(rankings)), max(map(len, rankings)))
    shuffled = [entry for entry in rng.sample(entries, len(entries)) if entry.document in grades]
    if strategy == DEPTH:
        shuffled.sort(key=lambda entry: entry.best_rank)
    return [entry.document for entry in shuffled[:number]]


def count_relevant(grades: dict[str, int], documents: Iterable[str]) -> int:
    return sum(grades[document] >= RELEVANT_FROM for document in documents)


class Scores:
    """Mean scores of the runs over all judged topics, by all grades or by some of them."""

    def __init__(self, collection: Collection):
        self.topics = {topic: place for place, topic in enumerate(collection.qrels)}
        self.documents: dict[str, int] = {}
        cells = [
            (run, self.topics[topic], [self._number(docid) for docid in docids])
            for run, rankings in enumerate(collection.runs.values())
            for topic, docids in rankings.items()
            if topic in self.topics
        ]
        self.rankings = Rankings(
            list(collection.runs),
            list(self.topics),
            np.array([run for run, _, _ in cells], dtype=np.int32),
            np.array([topic for _, topic, _ in cells], dtype=np.int32),
            np.cumsum([0, *(len(documents) for _, _, documents in cells)], dtype=np.int64),
            np.array([document for _, _, documents in cells for document in documents], dtype=np.int32),
        )
        self.full = self.means(collection.qrels)

    def means(self, qrels: Qrels) -> np.ndarray:
        """One mean a run, over the topics of which something was judged."""
        rows = [
            (self.topics[topic], self._number(document), grade)
            for topic, grades in qrels.items()
            for document, grade in grades.items()
        ]
        columns = zip(*rows, strict=True)
        grades = Grades(*(np.array(values, dtype=kind) for values, kind in zip(columns, KINDS, strict=True)))
        scores = evaluate(self.rankings, grades, [MEASURE], RELEVANT_FROM).scores[MEASURE]
        return mean_scores(scores)

    def _number(self, docid: str) -> int:
        return self.documents.setdefault(docid, len(self.documents))


KINDS = (np.int32, np.int32, np.int16)  # of the columns of Grades


def report(collection: Collection, share: float, outcomes: dict[str, list[Outcome]]) -> None:
    seeds = len(outcomes[DEPTH])
    print(f"{len(collection.runs)} runs, {len(collection.qrels)} topics, {share:.0%} of the pool judged, {seeds} seeds")
    print(f"{'':14}  {'relevant found (range)':32}  {f'tau of {MEASURE} (range)':32}  found / depth's (range)")
    for strategy, replays in outcomes.items():
        found = [outcome.found for outcome in replays]
        taus = [outcome.tau for outcome in replays if outcome.tau is not None]
        ratios = [own / depth.found for own, depth in zip(found, outcomes[DEPTH], strict=True)]
        print(f"{strategy:14}  {spread(found)}  {spread(taus)}  {spread(ratios)}")


def spread(values: Sequence[float]) -> str:
    """Mean, standard deviation and range."""
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.fmean(values):.3f} ± {deviation:.3f} ({min(values):.3f} to {max(values):.3f})"


if __name__ == "__main__":
    main()
