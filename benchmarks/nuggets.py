"""How long do six nugget scores of 45 runs over 21 topics take from the database, and answer by answer?

    .venv/bin/python benchmarks/nuggets.py [--runs 45] [--topics 21]

Ours is `nugget_leaderboard` and the comparison of two assessors; the other reads each answer's labels by a query and
adds them up in Python. A database of its own is made for the run. The means of both must be the same to the ninth
decimal; the script exits 1 where they are not.
"""

import argparse
import io
import json
import random
import sys
import time
from statistics import fmean

from scratch import scratch_services

NUGGETS = 14  # a topic, as in NIST's file of 2024
LABELS = ("support", "partial_support", "not_support")
CREDIT = {"support": 1.0, "partial_support": 0.5, "not_support": 0.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=45)
    parser.add_argument("--topics", type=int, default=21)
    options = parser.parse_args()
    with scratch_services():
        sources = world(options.runs, options.topics)
        ours, board = timed(lambda: scores_of(sources[0]))
        theirs, means = timed(lambda: answer_by_answer(sources[0]))
        both, _ = timed(lambda: compared(sources))
    differences = [abs(value - means[run, name]) for run, named in board.items() for name, value in named.items()]
    same = len(differences) == len(means) and max(differences) < 1e-9
    print(f"{options.runs} runs x {options.topics} topics, {NUGGETS} nuggets a topic, six scores")
    print(f"leaderboard {ours:.3f} s; answer by answer {theirs:.3f} s; ratio {theirs / ours:.1f}")
    print(f"two assessors described and compared: {both:.3f} s")
    print("the same means" if same else "THE MEANS DIFFER")
    sys.exit(0 if same else 1)


def timed(work):
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def world(runs: int, topics: int):
    """Two assessors' labels of one bank, drawn by a seed; every tenth run lacks its first topic."""
    from assessment.services.tracks import track_create
    from nuggets.selectors.leaderboards import sources_of
    from nuggets.services.assignment_imports import assignments_import

    track = track_create(slug="bench", name="bench", scale=range(4))
    for seed, name in enumerate(("manual", "automatic")):
        source = io.BytesIO("".join(lines(random.Random(seed), runs, topics)).encode())
        assignments_import(track=track, source=source, name="bench.jsonl", assessor_name=name, bank_name="bank")
    return sources_of(track)


def lines(draw: random.Random, runs: int, topics: int):
    for topic in range(topics):
        for run in range(runs):
            if topic == 0 and run % 10 == 9:
                continue
            nuggets = [
                {
                    "text": f"fact {n}",
                    "importance": "okay" if n % 3 == 2 else "vital",
                    "assignment": draw.choice(LABELS),
                }
                for n in range(NUGGETS)
            ]
            record = {"qid": f"q{topic}", "query": "why", "run_id": f"r{run}", "answer_text": "So.", "nuggets": nuggets}
            yield json.dumps(record) + "\n"


def scores_of(source) -> dict[str, dict[str, float]]:
    from nuggets.domain.scores import RULES
    from nuggets.selectors.leaderboards import nugget_leaderboard

    return {row.tag: dict(zip(RULES, row.scores, strict=True)) for row in nugget_leaderboard(source).rows}


def answer_by_answer(source) -> dict[tuple[str, str], float]:
    from assessment.models import Topic
    from nuggets.models import Answer, AnswerRun, NuggetAssignment

    means = {}
    topics = list(Topic.objects.filter(track=source.bank.track))
    for run in AnswerRun.objects.filter(track=source.bank.track):
        values = {}
        for topic in topics:
            answer = Answer.objects.filter(run=run, topic=topic).first()
            labels = NuggetAssignment.objects.filter(answer=answer, assessor=source.assessor) if answer else []
            said = [(one.wording.nugget.importance, one.label) for one in labels]
            for name, value in (by_hand(said) if said else dict.fromkeys(WEIGHTS, 0.0)).items():
                values.setdefault(name, []).append(value)
        means |= {(run.tag, name): fmean(each) for name, each in values.items()}
    return means


WEIGHTS = {  # what a nugget weighs by its importance, and whether partial support counts
    "vital_strict": ({"vital": 1, "okay": 0}, False),
    "all_strict": ({"vital": 1, "okay": 1}, False),
    "vital": ({"vital": 1, "okay": 0}, True),
    "all": ({"vital": 1, "okay": 1}, True),
    "weighted_strict": ({"vital": 1, "okay": 0.5}, False),
    "weighted": ({"vital": 1, "okay": 0.5}, True),
}


def by_hand(said: list[tuple[str, str]]) -> dict[str, float]:
    scores = {}
    for name, (weight, partial) in WEIGHTS.items():
        earned = sum(weight[importance] * credit(label, partial) for importance, label in said)
        scores[name] = earned / sum(weight[importance] for importance, _ in said)
    return scores


def credit(label: str, partial: bool) -> float:
    return CREDIT[label] if partial or label == "support" else 0.0


def compared(sources):
    from nuggets.selectors.comparisons import comparison
    from nuggets.selectors.scores import nugget_scores

    return comparison([nugget_scores(source.bank, source.assessor) for source in sources])


if __name__ == "__main__":
    main()
