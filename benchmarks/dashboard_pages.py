"""How long do the dashboards of a large track take, at the first view and once what is heavy is remembered?

    .venv/bin/python benchmarks/dashboard_pages.py [--runs 150] [--topics 50]

A throw-away track with drawn runs of 100 documents a topic and two assessors of 400 documents a topic; the pages are
asked for in this process through Django's test client: everything but the network and the browser. Printed are the
seconds of the first view and of the second one, and their ratio. Between them lie 10,000 resamplings of the topics and
the tests of every two runs under both assessors.
"""

import argparse
import io
import os
import platform
import time

import numpy as np
from scratch import scratch_services

DOCUMENTS, RETURNED = 400, 100
VIEWS = {
    "comparison": "compare/",
    "its uncertainty": "compare/?part=uncertainty",
    "leaderboard": "leaderboard/",
    "bias": "compare/bias/",
    "human work": "effort/?part=curves",
    "report": "report/?format=html",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=150)
    parser.add_argument("--topics", type=int, default=50)
    options = parser.parse_args()
    with scratch_services():
        make_track(options.runs, options.topics)
        report(options)


def make_track(n_runs: int, n_topics: int) -> None:
    from assessment.models import User
    from assessment.services.imports import qrels_import, run_import, topics_import
    from assessment.services.tracks import track_create

    track = track_create(slug="drawn", name="Drawn", scale=range(4))
    rng = np.random.default_rng(0)
    grades = rng.integers(0, 4, (n_topics, DOCUMENTS))
    put(topics_import, track, "topics.tsv", [f"t{topic}\tquery {topic}" for topic in range(n_topics)])
    for run, skill in enumerate(np.linspace(0.2, 1.2, n_runs)):
        lines = []
        for topic in range(n_topics):
            scores = grades[topic] * skill + rng.normal(0, 1.5, DOCUMENTS)
            first = np.argsort(-scores)[:RETURNED]
            lines += [
                f"t{topic} Q0 d{topic}-{document} {rank} {scores[document]:.4f} run{run:03}"
                for rank, document in enumerate(first, 1)
            ]
        put(run_import, track, f"run{run}", lines)
    for name, noise in (("human", 0.0), ("judge", 0.8)):
        given = np.clip(np.round(grades + rng.normal(0, noise, grades.shape)), 0, 3).astype(int)
        lines = [f"t{topic} 0 d{topic}-{document} {grade}" for (topic, document), grade in np.ndenumerate(given)]
        put(qrels_import, track, name, lines, assessor_name=name)
    User.objects.create(username="admin", is_staff=True, is_superuser=True)


def put(service, track, name: str, lines: list[str], **options) -> None:
    service(track=track, source=io.BytesIO(("\n".join(lines) + "\n").encode()), name=name, **options)


def report(options) -> None:
    from django.test import Client
    from django.test.utils import setup_test_environment

    from assessment.models import User

    setup_test_environment()
    client = Client()
    client.force_login(User.objects.get())
    print(f"{options.runs} runs x {options.topics} topics; seconds of the first and the second view, and their ratio")
    for name, address in VIEWS.items():
        joint = "&" if "?" in address else "?"
        times = [timed(client, f"/tracks/drawn/{address}{joint}manual=human&automatic=judge") for _ in range(2)]
        print(f"{name:18}{times[0]:8.2f}{times[1]:8.2f}{times[0] / times[1]:8.1f}")
    print(f"on {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")


def timed(client, address: str) -> float:
    began = time.perf_counter()
    answer = client.get(address)
    if answer.status_code != 200:
        raise SystemExit(f"{address} answers {answer.status_code}.")
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
