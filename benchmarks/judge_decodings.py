"""How many judgments a second does the demo's judge give by one token, and how many by UMBRELA's free text?

    .venv/bin/python benchmarks/judge_decodings.py [--topics 4] [--passages 6] [--seed 0] [--threads N]

Pairs of the demo's CSFCube track are asked about in three ways, on one loaded model (SmolLM2-135M on llama.cpp, in this
process), with the requests and the parsing of a real job:

* token: one constrained token, a topic's passages together, so that its prefix stays in the cache;
* reference: the reply as text (up to 100 tokens), a topic's passages together;
* one by one: the reply as text, a request at a time with the topics mixed, as tools without an order ask.

They take turns, a topic's number of passages each time, so that a machine that slows down slows all of them; the order
of the turns is reversed from topic to topic, and before each turn a request about another topic, not counted, takes the
place in the cache. The printed ratio is judgments a second over those of `reference`. A reply without a grade counts as
asked; its share is printed too. On a machine with other work going on take `--threads 1`: several threads wait for each
other at every token, so that a busy neighbour slows the long reply many times more than the short one.
"""

import argparse
import os
import platform
import random
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

BASE_DIR = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BASE_DIR))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from assessment.domain.documents import Document, read_documents  # noqa: E402
from assessment.domain.qrels import read_qrels  # noqa: E402
from assessment.domain.scales import GradeSpec  # noqa: E402
from assessment.domain.topics import Topic, read_topics  # noqa: E402
from config.demo.datasets import DATA, read_track  # noqa: E402
from llm_worker.domain import prompts  # noqa: E402
from llm_worker.domain.prompts import Decoding  # noqa: E402
from llm_worker.engines import Engine, EngineUnavailable, Request, build_engine  # noqa: E402
from llm_worker.job_kinds.lexical import topic_text  # noqa: E402
from llm_worker.job_kinds.relevance import passage_text, relevance_answer, relevance_request  # noqa: E402

MAX_PASSAGE_WORDS = 800  # the default of a judge configuration


class Pair(NamedTuple):
    topic: Topic
    document: Document


@dataclass
class Way:
    """One way of asking: its turns (which pairs when), and what came of them."""

    name: str
    decoding: Decoding
    one_by_one: bool
    turns: list[list[Pair]]
    seconds: float = 0.0
    grades: dict[tuple[str, str], int | None] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return len(self.grades) / self.seconds

    @property
    def failed(self) -> int:
        return sum(grade is None for grade in self.grades.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--topics", type=int, default=4)
    parser.add_argument("--passages", type=int, default=6, help="of each topic")
    parser.add_argument("--seed", type=int, default=0, help="chooses the pairs")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="default: one a core")
    options = parser.parse_args()
    track = read_track(DATA / "csfcube")
    scale = [GradeSpec(grade.grade, grade.key, grade.label, grade.definition) for grade in track.scale]
    by_topic, other = chosen_pairs(track, options.topics, options.passages, options.seed)
    engine = build_engine("llama_cpp", "", {"threads": options.threads})
    try:
        ways = ask_in_turns(engine, scale, by_topic, other, options.seed)
    except EngineUnavailable as error:
        sys.exit(str(error))
    finally:
        engine.close()
    report(ways, len(by_topic), f"{engine.model} on {options.threads} thread(s)")


def chosen_pairs(track, topics: int, passages: int, seed: int) -> tuple[list[list[Pair]], Pair]:
    """`passages` judged pairs of each of `topics` topics, and one pair of a topic beside them."""
    draw = random.Random(seed)
    texts = {document.docid: document for document in read_documents(track.documents, track.documents.name)}
    judged: dict[str, list[str]] = {}
    scale = [grade.grade for grade in track.scale]
    qrels = next(qrels.path for qrels in track.qrels if qrels.assessor == "adjudicated")
    for line in read_qrels(qrels, qrels.name, scale=scale).lines:
        judged.setdefault(line.topic, []).append(line.docid)
    known = read_topics(track.topics, track.topics.name)
    if topics >= len(known):
        sys.exit(f"CSFCube's demo has {len(known)} topics; take fewer than that.")
    pairs = []
    for topic in draw.sample(known, topics + 1):
        docids = [docid for docid in judged[topic.qid] if texts.get(docid) and texts[docid].text]
        pairs.append([Pair(topic, texts[docid]) for docid in draw.sample(docids, passages)])
    return pairs[:-1], pairs[-1][0]


def ask_in_turns(engine: Engine, scale, by_topic: list[list[Pair]], other: Pair, seed: int) -> list[Way]:
    prompt = prompts.find("umbrela.v1")
    token, reference = prompt.decodings["token"], prompt.decodings["reference"]
    mixed = [pair for pairs in by_topic for pair in pairs]
    random.Random(seed).shuffle(mixed)
    size = len(by_topic[0])
    mixed_turns = [mixed[start : start + size] for start in range(0, len(mixed), size)]
    ways = [
        Way("token", token, False, by_topic),
        Way("reference", reference, False, by_topic),
        Way("one by one", reference, True, mixed_turns),
    ]
    for turn in range(len(by_topic)):
        for way in ways if turn % 2 == 0 else reversed(ways):
            list(engine.complete([request_for(prompt, token, scale, other)]))
            take_turn(
                engine, way, [request_for(prompt, way.decoding, scale, pair) for pair in way.turns[turn]], turn, scale
            )
            print(f"topic {turn + 1}, {way.name}: {way.rate:.2f}/s so far", file=sys.stderr)
    return ways


def request_for(prompt: prompts.Prompt, decoding: Decoding, scale, pair: Pair) -> Request:
    request, _ = relevance_request(
        prompt,
        decoding,
        scale,
        query=topic_text(pair.topic),
        passage=passage_text(pair.document),
        max_passage_words=MAX_PASSAGE_WORDS,
    )
    return request


def take_turn(engine: Engine, way: Way, requests: list[Request], turn: int, scale: Iterable[GradeSpec]) -> None:
    grades = [grade.value for grade in scale]
    began = time.perf_counter()
    if way.one_by_one:
        replies = [(place, reply) for place, one in enumerate(requests) for _, reply in engine.complete([one])]
    else:
        replies = list(engine.complete(requests))
    way.seconds += time.perf_counter() - began
    for place, reply in replies:
        pair = way.turns[turn][place]
        way.grades[pair.topic.qid, pair.document.docid] = relevance_answer(reply, way.decoding, grades).grade


def report(ways: list[Way], topics: int, model: str) -> None:
    token, reference, _ = ways
    print(
        f"{model}, {len(token.grades)} pairs of {topics} CSFCube topics, {os.cpu_count()} cores, {platform.machine()}"
    )
    print(f"{'':12}{'judgments/s':>12}{'ratio':>8}{'without a grade':>17}")
    for way in ways:
        share = way.failed / len(way.grades)
        print(f"{way.name:12}{way.rate:12.2f}{way.rate / reference.rate:8.2f}{way.failed:10} ({share:4.0%})")
    both = [pair for pair in token.grades if None not in (token.grades[pair], reference.grades[pair])]
    same = sum(token.grades[pair] == reference.grades[pair] for pair in both)
    print(f"Same grade by token and by reference: {same} of the {len(both)} pairs that both graded.")


if __name__ == "__main__":
    main()
