"""How long do six nugget scores of 45 runs over 21 topics take, and how long does an assessor wait for a saved label?

    .venv/bin/python benchmarks/nuggets.py [--runs 45] [--topics 21] [--saves 300]

Ours is `nugget_leaderboard` and the comparison of two assessors; the other reads each answer's labels by a query and
adds them up in Python. A database of its own is made for the run. The means of both must be the same to the ninth
decimal; the script exits 1 where they are not.

Then a person assigns the first topic's nuggets through a real gunicorn (2 processes of 4 threads): each save of a
label, and each next answer with its nuggets, which the page fetches one answer ahead. In the same run /healthz/ (one
SELECT 1) says what is the least that the server can do. The stored labels must be the acknowledged ones.
"""

import argparse
import io
import json
import random
import sys
import time
import uuid
from statistics import fmean, median, quantiles

from assessors import Desk, make_assessor, web_server
from scratch import scratch_services

NUGGETS = 14  # a topic, as in NIST's file of 2024
LABELS = ("support", "partial_support", "not_support")
CREDIT = {"support": 1.0, "partial_support": 0.5, "not_support": 0.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=45)
    parser.add_argument("--topics", type=int, default=21)
    parser.add_argument("--saves", type=int, default=300)
    options = parser.parse_args()
    with scratch_services():
        sources = world(options.runs, options.topics)
        ours, board = timed(lambda: scores_of(sources[0]))
        theirs, means = timed(lambda: answer_by_answer(sources[0]))
        both, _ = timed(lambda: compared(sources))
        assigning = assigned(sources[0].bank, options.saves)
    differences = [abs(value - means[run, name]) for run, named in board.items() for name, value in named.items()]
    same = len(differences) == len(means) and max(differences) < 1e-9
    print(f"{options.runs} runs x {options.topics} topics, {NUGGETS} nuggets a topic, six scores")
    print(f"leaderboard {ours:.3f} s; answer by answer {theirs:.3f} s; ratio {theirs / ours:.1f}")
    print(f"two assessors described and compared: {both:.3f} s")
    print("the same means" if same else "THE MEANS DIFFER")
    kept = report(*assigning)
    sys.exit(0 if same and kept else 1)


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


def assigned(bank, saves: int) -> tuple[list[float], list[float], list[float], bool]:
    """Milliseconds of every save, of every next answer and of every look at /healthz/, and whether all was kept."""
    from nuggets.models import NuggetAssignment
    from nuggets.selectors.assigning import answer_queue, duty_list
    from nuggets.services.duties import nugget_duty_create

    topic_bank = bank.topic_banks.select_related("topic", "bank__track").first()
    assessor = make_assessor(bank.track, "assessor")
    duty = nugget_duty_create(topic_bank=topic_bank, assessor=assessor, task="assign")
    nuggets = duty_list(duty)
    answers = [one.pk for one in answer_queue(duty, nuggets)]
    pairs = [(answer, one.wording) for answer in answers for one in nuggets.nuggets][:saves]
    times, ahead, floor, said = [], [], [], {}
    with web_server() as url:
        desk = Desk(url, "assessor", duty.pk)
        for n, (answer, wording) in enumerate(pairs):
            if n % NUGGETS == 0:
                ahead.append(timed(lambda answer=answer: fetch(desk, answer))[0] * 1000)
            if n % 10 == 0:
                floor.append(desk.look())
            said[answer, wording] = LABELS[n % 3]
            times.append(timed(lambda pair=(answer, wording): save(desk, *pair, said[pair]))[0] * 1000)
        desk.close()
    stored = NuggetAssignment.objects.filter(assessor=assessor).values_list("answer", "wording", "label")
    return times, ahead, floor, {(answer, wording): label for answer, wording, label in stored} == said


def fetch(desk: Desk, answer: int) -> None:
    desk.browser.get(f"/nuggets/assign/{desk.duty}/{answer}/", headers={"HX-Request": "true"}).raise_for_status()


def save(desk: Desk, answer: int, wording: int, label: str) -> None:
    form = {"wording": wording, "label": label, "idempotency_key": str(uuid.uuid4()), "active_ms": 900}
    desk.post(f"/nuggets/assign/{desk.duty}/{answer}/label/", form)


def report(times: list[float], ahead: list[float], floor: list[float], kept: bool) -> bool:
    for what, each in (("a label saved", times), ("the next answer, fetched ahead", ahead)):
        p50, p95 = (quantiles(each, n=20)[place] for place in (9, 18))
        print(f"{what}: p50 {p50:.1f} ms, p95 {p95:.1f} ms ({len(each)})")
    print(f"/healthz/ p50 {median(floor):.1f} ms; ratio of a save {median(times) / median(floor):.1f}")
    print("every acknowledged label is stored" if kept else "LABELS ARE LOST OR CHANGED")
    return kept


if __name__ == "__main__":
    main()
