"""How fast do 300,000 lines of runs go in, next to psql's \\copy of the same lines into a bare table?

    .venv/bin/python benchmarks/import_runs.py [--runs 3] [--topics 1000] [--depth 100] [--turns 5]

The service reads, checks, orders, resolves every docid to a document and stores arrays under all constraints; psql
copies the six columns as they stand into a table without a key. Both go through the same server, in turns: first with
docids that the collection has not seen (each becomes a document), then with the same runs again under other tags, when
every docid is known. The server and its data live in a temporary folder and are gone afterwards (ASSAY_VAR: another
place for that folder). The ratio is psql's time over ours: 1 would be as fast as \\copy.
"""

import argparse
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from scratch import scratch_services

SEED = 20241108
TABLE = "CREATE TABLE bare (topic text, q0 text, docid text, rank int, score real, tag text)"


class Shape(NamedTuple):
    runs: int
    topics: int
    depth: int

    @property
    def lines(self) -> int:
        return self.runs * self.topics * self.depth


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--topics", type=int, default=1000)
    parser.add_argument("--depth", type=int, default=100, help="documents of each run and topic")
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    shape = Shape(options.runs, options.topics, options.depth)
    with scratch_services() as folder:
        measure(folder, shape, options.turns)


def measure(folder: Path, shape: Shape, turns: int) -> None:
    times: dict[str, list[tuple[float, float]]] = {"new docids": [], "known docids": []}
    for turn in range(turns + 1):
        track = make_track(f"turn-{turn}", shape)
        for state in times:
            files = list(write_runs(folder, shape, turn, tag=state.split()[0]))
            pair = timed(lambda track=track, files=files: ours(track, files)), timed(lambda files=files: psql(files))
            check(track, shape, state)
            if turn:  # the first turn warms up
                times[state].append(pair)
    report(shape, times)


def make_track(slug: str, shape: Shape):
    from assessment.models import Topic
    from assessment.services.tracks import track_create

    track = track_create(slug=slug, name=slug, scale=range(4))
    Topic.objects.bulk_create(
        Topic(track=track, qid=f"2024-{number}", query="query", position=number) for number in range(shape.topics)
    )
    return track


def write_runs(folder: Path, shape: Shape, turn: int, *, tag: str) -> Iterator[Path]:
    """One file a run, with the same documents for every tag. A topic's runs share about half of their documents, and
    docids look like those of MS MARCO segments."""
    chance = random.Random(SEED + turn)
    for run in range(shape.runs):
        path = folder / f"{tag}-{run}.run"
        with path.open("w") as stream:
            for topic in range(shape.topics):
                for rank, number in enumerate(chance.sample(range(2 * shape.depth), shape.depth), 1):
                    docid = f"msmarco_v2.1_doc_{turn:02}_{topic:06}#{number}_{number * 7919 + topic}"
                    stream.write(f"2024-{topic} Q0 {docid} {rank} {100 - rank + rank / 7:.4f} {tag}-{run}\n")
        yield path


def ours(track, files: list[Path]) -> None:
    from assessment.services.imports import run_import

    for path in files:
        run_import(track=track, source=path, name=path.name)


def psql(files: list[Path]) -> None:
    """A fresh bare table, and one \\copy a file. Its lines are parted by single spaces, as COPY needs them."""
    from config.local_services.postgres_binaries import wheel_install

    program = wheel_install() / "bin" / "psql"
    copies = [f"\\copy bare from '{path}' with (delimiter ' ')\n" for path in files]
    script = f"DROP TABLE IF EXISTS bare;\n{TABLE};\n{''.join(copies)}"
    command = [program, os.environ["DATABASE_URL"], "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1"]
    subprocess.run(command, input=script, text=True, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def check(track, shape: Shape, state: str) -> None:
    """Both sides hold every line, or the times mean nothing."""
    from django.db import connection
    from django.db.models import Sum

    from assessment.models import Ranking

    tags = [f"{state.split()[0]}-{run}" for run in range(shape.runs)]
    rankings = Ranking.objects.filter(run__track=track, run__tag__in=tags)
    stored = rankings.aggregate(lines=Sum("documents__len"))["lines"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM bare")
        (copied,) = cursor.fetchone()
    if not stored == copied == shape.lines:
        sys.exit(f"{shape.lines} lines were given, {stored} stored and {copied} copied.")


def timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def report(shape: Shape, times: dict[str, list[tuple[float, float]]]) -> None:
    print(f"{shape.lines:,} lines: {shape.runs} runs x {shape.topics} topics x {shape.depth} documents")
    for state, pairs in times.items():
        own, other = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratios = sorted(psql / ours for ours, psql in pairs)
        print(
            f"{state:13} service {own:6.2f} s, {shape.lines / own:9,.0f} lines/s;  psql \\copy {other:5.2f} s;  ",
            end="",
        )
        print(f"ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}), {len(pairs)} turns")
    print(f"on {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")


if __name__ == "__main__":
    main()
