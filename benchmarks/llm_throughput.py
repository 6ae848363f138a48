"""How many judgments a second does a judge give by one token, and how many by the ways of published tools?

    .venv/bin/python benchmarks/llm_throughput.py                                    # the demo's model, llama.cpp
    .venv/bin/python benchmarks/llm_throughput.py --engine openai --base-url http://127.0.0.1:8000/v1 --model M \
        --dialect vllm                                                               # any server
    VLLM_ENV/bin/python benchmarks/llm_throughput.py --engine vllm --model FOLDER    # vLLM in process; needs no Django

Pairs of the demo's CSFCube track are asked about in four ways on one loaded model, with the prompts and parsers of a
real job:

* one by one: UMBRELA's reference decoding (up to 100 tokens), one at a time, topics mixed, as published tools do;
* reference: the same decoding, a topic's passages together, the topic's prefix warmed by one passage more;
* token: one constrained token, together and warmed in the same way;
* reasoning: about 100 tokens of free reasoning before the grade, a request at a time, topics mixed.

They take turns, a few passages of a topic each time, in an order that moves on by one from turn to turn, so that a
machine that slows down slows all of them. What warms a prefix, or takes a topic out of the cache, is asked outside the
measured time. A ratio is judgments a second of `token` over those of another way in the same turn; printed are its
median and range. A reply without a grade counts as asked. On a CPU the script exits 1 unless token is 1.5 times as fast
as one by one and 5 times as fast as reasoning. With a graphics card, `--peak-tflops` and `--parameters` give the share
of the card's peak.
"""

import argparse
import os
import platform
import random
import shlex
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

BASE_DIR = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BASE_DIR))

from assessment.domain.documents import Document, read_documents  # noqa: E402
from assessment.domain.qrels import read_qrels  # noqa: E402
from assessment.domain.scales import GradeSpec  # noqa: E402
from assessment.domain.topics import Topic, read_topics  # noqa: E402
from config.demo.datasets import DATA, DemoTrack, read_track  # noqa: E402
from llm_worker.domain import prompts  # noqa: E402
from llm_worker.domain.prompts import Decoding  # noqa: E402
from llm_worker.domain.replies import parse_reference, parse_token  # noqa: E402
from llm_worker.engines import Engine, EngineUnavailable, Message, Reply, Request, build_engine  # noqa: E402
from llm_worker.relevance_requests import relevance_request  # noqa: E402

PROMPT = prompts.find("umbrela.v1")
MAX_PASSAGE_WORDS = 800  # the default of a judge configuration
THINK = (
    "\n\nBefore that line, and against what was said above, write down the four steps in full: reason freely, in at "
    "least a hundred words, about the intent, the match, the trust and the whole."
)
CLAIMS = {"one by one": 1.5, "reasoning": 5.0}  # token's rate over theirs, on a CPU


class Pair(NamedTuple):
    topic: Topic
    document: Document


@dataclass
class Way:
    """One way of asking: its turns (which pairs when), and what came of them."""

    name: str
    decoding: Decoding
    together: bool
    turns: list[list[Pair]]
    reasons: bool = False
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)  # seconds of this process, all its threads together
    replies: dict[tuple[str, str], Reply] = field(default_factory=dict)
    grades: dict[tuple[str, str], int | None] = field(default_factory=dict)

    def rate(self, turn: int | None = None) -> float:
        """Judgments a second, of one turn or of all."""
        if turn is not None:
            return len(self.turns[turn]) / self.seconds[turn]
        return len(self.replies) / sum(self.seconds)

    def tokens(self, name: str) -> int | None:
        """The sum over the replies of a count that the engine gives; None where it does not."""
        counts = [getattr(reply, name) for reply in self.replies.values() if reply.error is None]
        return None if not counts or None in counts else sum(counts)


def main() -> None:
    options = parsed()
    track = read_track(DATA / "csfcube")
    scale = [GradeSpec(grade.grade, grade.key, grade.label, grade.definition) for grade in track.scale]
    chosen, other = chosen_pairs(track, options.topics, options.passages, options.seed)
    try:
        engine = build_engine(options.engine, options.model, engine_options(options))
    except (EngineUnavailable, ValueError) as error:
        sys.exit(str(error))
    try:
        ways = ask_in_turns(engine, scale, chosen, other, options)
    except EngineUnavailable as error:
        sys.exit(str(error))
    finally:
        engine.close()
    on_cpu = options.engine == "llama_cpp" or getattr(engine, "on_cpu", False)
    print(facts(options, engine, len(ways[0].replies)))
    report(ways, options)
    agreement(ways)
    if options.engine == "llama_cpp":
        print("\n".join(processor_time(ways[2], way) for way in ways if way.name != "token"))
    if on_cpu and not claims_hold(ways):
        sys.exit(1)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", choices=("llama_cpp", "openai", "vllm"), default="llama_cpp")
    parser.add_argument("--model", default="", help="a folder, a GGUF file or the server's name for it")
    parser.add_argument("--base-url", default="", help="of an OpenAI-compatible server")
    parser.add_argument("--dialect", default="vllm", help="of that server: llama.cpp, vllm or openai")
    parser.add_argument("--api-key-env", default="", help="the environment variable that holds its key")
    parser.add_argument("--concurrency", type=int, default=16, help="requests under way at that server")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of llama.cpp")
    parser.add_argument("--topics", type=int, default=4)
    parser.add_argument("--passages", type=int, default=6, help="of each topic, and one more that warms its prefix")
    parser.add_argument("--turn", type=int, default=3, help="passages of a turn")
    parser.add_argument("--seed", type=int, default=0, help="chooses the pairs")
    parser.add_argument("--parameters", type=float, help="of the model, for the share of the peak: 1.5e9")
    parser.add_argument("--peak-tflops", type=float, help="of the card, dense, in the model's precision")
    options = parser.parse_args()
    if options.engine == "openai" and not options.base_url:
        parser.error("--engine openai needs --base-url.")
    if options.engine == "vllm" and not options.model:
        parser.error("--engine vllm needs --model.")
    return options


def engine_options(options: argparse.Namespace) -> dict[str, Any]:
    if options.engine == "llama_cpp":
        return {"threads": options.threads}
    if options.engine == "vllm":
        return {}
    return {
        "base_url": options.base_url,
        "dialect": options.dialect,
        "api_key_env": options.api_key_env,
        "concurrency": options.concurrency,
        "timeout": 600.0,
    }


def chosen_pairs(track: DemoTrack, topics: int, passages: int, seed: int) -> tuple[list[list[Pair]], Pair]:
    """Of each of `topics` topics one judged pair to warm its prefix and `passages` to count, and a pair of no topic of
    these."""
    draw = random.Random(seed)
    texts = {document.docid: document for document in read_documents(track.documents, track.documents.name)}
    judged: dict[str, list[str]] = {}
    qrels = next(qrels.path for qrels in track.qrels if qrels.assessor == "adjudicated")
    for line in read_qrels(qrels, qrels.name, scale=[grade.grade for grade in track.scale]).lines:
        judged.setdefault(line.topic, []).append(line.docid)
    known = read_topics(track.topics, track.topics.name)
    if not 0 < topics < len(known):
        sys.exit(f"CSFCube's demo has {len(known)} topics; take fewer than that.")
    pairs = []
    for topic in draw.sample(known, topics + 1):
        docids = [docid for docid in judged[topic.qid] if texts.get(docid) and texts[docid].text]
        pairs.append([Pair(topic, texts[docid]) for docid in draw.sample(docids, passages + 1)])
    return pairs[:-1], pairs[-1][0]


def ask_in_turns(
    engine: Engine, scale: Sequence[GradeSpec], chosen: list[list[Pair]], other: Pair, options: argparse.Namespace
) -> list[Way]:
    size = options.turn
    turns = [pairs[start : start + size] for pairs in chosen for start in range(1, len(pairs), size)]
    warming = [pairs[0] for pairs in chosen for _ in range(1, len(pairs), size)]
    mixed = [pair for pairs in turns for pair in pairs]
    random.Random(options.seed).shuffle(mixed)
    left = iter(mixed)
    turns_mixed = [[next(left) for _ in pairs] for pairs in turns]
    token, reference = PROMPT.decodings["token"], PROMPT.decodings["reference"]
    ways = [
        Way("one by one", reference, False, turns_mixed),
        Way("reference", reference, True, turns),
        Way("token", token, True, turns),
        Way("reasoning", reference, False, turns_mixed, reasons=True),
    ]
    for turn, first in enumerate(warming):
        for way in [*ways[turn % len(ways) :], *ways[: turn % len(ways)]]:
            # Whatever the way before left in the cache goes; a way that asks together then warms its topic.
            warm = [other, first] if way.together else [other]
            for pair in warm:
                list(engine.complete([request_for(replace(way, decoding=token), scale, pair)]))
            take_turn(engine, way, turn, scale)
            print(f"turn {turn + 1}, {way.name}: {way.rate(turn):.2f}/s", file=sys.stderr, flush=True)
    return ways


def request_for(way: Way, scale: Sequence[GradeSpec], pair: Pair) -> Request:
    topic, document = pair
    said = [topic.query, topic.description, topic.narrative, *topic.sub_narratives]
    request, _ = relevance_request(
        PROMPT,
        way.decoding,
        scale,
        query="\n".join(part for part in said if part),
        passage="\n".join(part for part in (document.title, document.text) if part),
        max_passage_words=MAX_PASSAGE_WORDS,
    )
    if not way.reasons:
        return request
    *before, last = request.messages
    return replace(request, messages=(*before, Message(last.role, last.content + THINK)))


def take_turn(engine: Engine, way: Way, turn: int, scale: Sequence[GradeSpec]) -> None:
    requests = [request_for(way, scale, pair) for pair in way.turns[turn]]
    began, used = time.perf_counter(), time.process_time()
    if way.together:
        replies = list(engine.complete(requests))
    else:
        replies = [(place, reply) for place, one in enumerate(requests) for _, reply in engine.complete([one])]
    way.seconds.append(time.perf_counter() - began)
    way.processor.append(time.process_time() - used)
    for place, reply in replies:
        pair = way.turns[turn][place]
        key = (pair.topic.qid, pair.document.docid)
        way.replies[key] = reply
        way.grades[key] = grade_of(way, reply, [grade.value for grade in scale])


def grade_of(way: Way, reply: Reply, grades: Sequence[int]) -> int | None:
    if reply.error is not None:
        return None
    if way.decoding.single_token:
        return parse_token(
            reply.answer_logprobs, grades, reply.finish_reason, reply.refused, reply.logprobs_constrained
        ).grade
    return parse_reference(reply.text, reply.finish_reason, grades, reply.refused).grade


def facts(options: argparse.Namespace, engine: Engine, pairs: int) -> str:
    """The command, what was measured, and on what."""
    lines = [f"$ {shlex.join([Path(sys.executable).name, *sys.argv])}"]
    lines += [f"{engine.name}, {engine.model}; {pairs} pairs of {options.topics} CSFCube topics, seed {options.seed}"]
    machine = [processor(), f"{len(os.sched_getaffinity(0))} cores", platform.platform(), platform.python_version()]
    machine += [f"load {os.getloadavg()[0]:.1f}"]
    if options.engine == "vllm":
        machine += cards()
    return "\n".join([*lines, ", ".join(machine)])


def processor() -> str:
    found = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return found[0].partition(":")[2].strip() if found else platform.machine()


def cards() -> list[str]:
    import torch

    return [torch.cuda.get_device_name(place) for place in range(torch.cuda.device_count())]


def report(ways: list[Way], options: argparse.Namespace) -> None:
    token = next(way for way in ways if way.name == "token")
    heads = ["judgments/s", "prompt tokens/s", "cached", "tokens written", "no grade"]
    print(f"\n{'':12}{heads[0]:>12}{heads[1]:>17}{heads[2]:>8}{heads[3]:>16}{heads[4]:>10}  token's ratio to it")
    for way in ways:
        read, cached, written = (way.tokens(name) for name in ("tokens_in", "cached_tokens", "tokens_out"))
        speed = f"{read / sum(way.seconds):.0f}" if read else "?"
        share = f"{cached / read:.0%}" if read and cached is not None else "?"
        length = f"{written / len(way.replies):.1f}" if written is not None else "?"
        none = f"{sum(grade is None for grade in way.grades.values())} of {len(way.grades)}"
        ratios = ratios_over(token, way)
        over = f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        print(f"{way.name:12}{way.rate():12.2f}{speed:>17}{share:>8}{length:>16}{none:>10}  {over}")
        for error in {reply.error for reply in way.replies.values() if reply.error}:
            print(f"    {error}")
        if options.peak_tflops and options.parameters and read and cached is not None:
            flops = 2 * options.parameters * (read - cached) / sum(way.seconds)
            print(f"{'':12}{flops / options.peak_tflops / 1e12:.1%} of the card's peak (2 × parameters × tokens read)")


def processor_time(token: Way, way: Way) -> str:
    """What the one token spares when neighbours take the processor now and then: the median of the turns' ratios."""
    ratios = [of_way / of_token for of_token, of_way in zip(token.processor, way.processor, strict=True)]
    return (
        f"{way.name}: {median(ratios):.2f} times the processor time of token ({min(ratios):.2f} to {max(ratios):.2f})"
    )


def ratios_over(token: Way, way: Way) -> list[float]:
    """Judgments a second of the one token over those of the other way, turn by turn."""
    return [token.rate(turn) / way.rate(turn) for turn in range(len(way.turns))]


def agreement(ways: list[Way]) -> None:
    """Of the pairs that both ways graded: how many alike, and Cohen's κ."""
    print()
    for one, other in ((0, 1), (0, 2), (1, 2), (2, 3)):
        a, b = ways[one], ways[other]
        both = [(a.grades[key], b.grades[key]) for key in a.grades if None not in (a.grades[key], b.grades[key])]
        same = sum(first == second for first, second in both)
        kappa = cohen_kappa(both)
        spoken = f", κ {kappa:.2f}" if kappa is not None else ""
        print(f"{a.name} and {b.name}: the same grade for {same} of the {len(both)} pairs that both graded{spoken}")


def cohen_kappa(both: Sequence[tuple[int, int]]) -> float | None:
    """Cohen's κ; None where it is not defined. (The project's own needs scipy, which vLLM's environment lacks.)"""
    if not both:
        return None
    first, second = (Counter(pair[side] for pair in both) for side in (0, 1))
    chance = sum(first[grade] * second[grade] for grade in first) / len(both) ** 2
    exact = sum(a == b for a, b in both) / len(both)
    return None if chance == 1 else (exact - chance) / (1 - chance)


def claims_hold(ways: list[Way]) -> bool:
    token = next(way for way in ways if way.name == "token")
    held = True
    for way in ways:
        if way.name in CLAIMS:
            ratio = median(ratios_over(token, way))
            met = ratio >= CLAIMS[way.name]
            held = held and met
            print(f"{'Holds' if met else 'Does NOT hold'}: token ≥ {CLAIMS[way.name]} × {way.name} ({ratio:.2f})")
    return held


if __name__ == "__main__":
    main()
