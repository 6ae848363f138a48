"""10,000 questions out as a batch file, and their replies in: how long, and against storing them one at a time?

    .venv/bin/python benchmarks/batch_files.py [--lines 10000] [--turns 3]

Ours reads a file of replies, checks every line, reads every grade, and stores calls and judgments by the thousand. The
peer is the same import with `call_finish` for each reply, as a worker stores them when they come one by one. Both must
leave the same calls and judgments. The ratio is the peer's time over ours: above 1 ours is the faster.
"""

import argparse
import io
import json
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable
from unittest import mock

from scratch import scratch_services

TOPICS = 100
WORDS = 120  # of a passage
SEED = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    with scratch_services():
        pool = make_pool(options.lines)
        times: list[tuple[float, float, float]] = []
        for turn in range(options.turns):
            out, ours = round_trip(pool, f"ours-{turn}", options.lines)
            with mock.patch("llm_worker.services.batches.calls_finish", one_at_a_time):
                _, peer = round_trip(pool, f"peer-{turn}", options.lines)
            compare(f"ours-{turn}", f"peer-{turn}")
            times.append((out, ours, peer))
        report(options.lines, times)


def make_pool(lines: int):
    """A pool of so many pairs, evenly over the topics."""
    from assessment.models import Document, Pool, PoolItem, Topic
    from assessment.services.tracks import track_create

    chance = random.Random(SEED)
    words = [f"word{number}" for number in range(5000)]
    track = track_create(slug="bench", name="bench", scale=range(4))
    topics = Topic.objects.bulk_create(
        Topic(track=track, qid=f"q{n}", query=f"what is {words[n]}", position=n) for n in range(1, TOPICS + 1)
    )
    documents = Document.objects.bulk_create(
        Document(collection=track.collection, docid=f"d{n}", text=" ".join(chance.choices(words, k=WORDS)))
        for n in range(lines)
    )
    pool = Pool.objects.create(track=track, name="pool", depth=-(-lines // TOPICS))
    PoolItem.objects.bulk_create(
        PoolItem(
            pool=pool, topic=topics[n % TOPICS], document=document, position=n // TOPICS + 1,
            best_rank=n // TOPICS + 1, lot=n, run_ids=[1], ranks=[1],
        )
        for n, document in enumerate(documents)
    )  # fmt: skip
    return pool


def round_trip(pool, name: str, lines: int) -> tuple[float, float]:
    """Seconds to write the questions of a new judge, and to take their replies."""
    from llm_worker.services.batches import batch_create, batch_import, batch_lines
    from llm_worker.services.judges import judge_create

    judge = judge_create(name=name, engine="openai", model="m", prompt="umbrela.v1", decoding="reference")
    job = batch_create(pool=pool, judge=judge)
    questions: list[str] = []
    out = timed(lambda: questions.extend(batch_lines(job=job)))
    replies = io.BytesIO("\n".join(reply(json.loads(line)) for line in questions).encode())
    results = []
    back = timed(lambda: results.append(batch_import(track=pool.track, source=replies, name=name)))
    if len(questions) != lines or results[0].judged + results[0].failed != lines:
        sys.exit(f"{lines} pairs: {len(questions)} went out, {results[0].summary} came in.")
    return out, back


def reply(question: dict) -> str:
    """A grade for most questions and none for one in fifty, the same whoever asks."""
    chance = random.Random(question["body"]["messages"][-1]["content"])
    text = "I can not say." if chance.random() < 0.02 else f"##final score: {chance.randrange(4)}"
    message = {"role": "assistant", "content": text}
    body = {
        "choices": [{"message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 500, "completion_tokens": 6},
    }
    response = {"status_code": 200, "request_id": "r", "body": body}
    return json.dumps({"id": "x", "custom_id": question["custom_id"], "response": response, "error": None})


def one_at_a_time(*, job, answered) -> set[int]:
    """The peer: every reply in a transaction's savepoint of its own."""
    from llm_worker.services.calls import call_finish

    return {call.pk for call, answer in answered if call_finish(call=call, assessor=job.assessor, answer=answer)}


def compare(one: str, other: str) -> None:
    """Both left the same calls and judgments, or the times mean nothing."""
    from assessment.models import Judgment
    from llm_worker.models import LlmCall

    pair, kept = ("topic_id", "document_id"), ("status", "grade", "raw_reply", "tokens_in", "attempts", "inputs")
    for rows in (LlmCall.objects.values_list(*pair, *kept), Judgment.objects.values_list(*pair, "grade", "condition")):
        by = "judge__name" if rows.model is LlmCall else "assessor__name"
        left, right = (list(rows.filter(**{by: name}).order_by(*pair)) for name in (one, other))
        if left != right:
            sys.exit(f"{one} and {other} left different {rows.model._meta.verbose_name_plural}.")


def timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def report(lines: int, times: list[tuple[float, float, float]]) -> None:
    out, ours, peer = (statistics.median(side) for side in zip(*times, strict=True))
    ratios = sorted(peer / ours for _, ours, peer in times)
    print(f"{lines:,} lines, {TOPICS} topics, passages of {WORDS} words, medians of {len(times)} turns")
    print(f"out            {out:7.2f} s, {lines / out:9,.0f} lines/s")
    print(f"in             {ours:7.2f} s, {lines / ours:9,.0f} lines/s")
    print(f"one at a time  {peer:7.2f} s, {lines / peer:9,.0f} lines/s")
    print(f"ratio {statistics.median(ratios):.1f} ({ratios[0]:.1f} to {ratios[-1]:.1f})")
    print(f"on {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")


if __name__ == "__main__":
    main()
