"""Fifty people judge at once. How long do they wait, does anything fail, and is every acknowledged judgment stored?

    .venv/bin/python benchmarks/judging_load.py [--assessors 50] [--think 1.0] [--minutes 2]

A real gunicorn (2 processes of 4 threads, as `manage.py web` starts it) on a scratch PostgreSQL. Three fifths of the
people judge a list of their own (`manual`), a fifth commits before the suggestion is revealed and then revises or keeps
(`post_edit`), a fifth shares piles with quota 1, of which no passage may be judged twice. Each logs in, thinks --think
seconds on average before every save, and waits for the reply that brings the next passage. Beside every tenth save the
client asks for /healthz/ (one SELECT 1), the least that the server can do at that moment: the ratio is what compares
between machines.

At the end: errors must be 0, and the judgments stored those that were acknowledged, with their grades. The exit status
is 1 otherwise. The figures of other tools stand in the README of this folder.
"""

import argparse
import os
import platform
import random
import statistics
import sys
import threading
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass, field

from assessors import Desk, make_assessor, make_pool, make_track, web_server
from scratch import scratch_services

TOPICS = 5
PASSAGES = 600  # of each topic: more than anybody can judge in --minutes


@dataclass
class Diary:
    """What one person did: the grade that was acknowledged last for each passage, and how long each reply took."""

    kind: str
    grades: dict[int, int] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--assessors", type=int, default=50)
    parser.add_argument("--think", type=float, default=1.0, help="mean pause before each save, in seconds")
    parser.add_argument("--minutes", type=float, default=2.0)
    options = parser.parse_args()
    with scratch_services():
        people = make_people(options.assessors)
        with web_server() as url:
            diaries = everybody(url, people, options.think, options.minutes * 60)
        print(f"{options.assessors} assessors, pause {options.think:.1f} s, {options.minutes:g} minutes")
        report(diaries)
        faults = check(people, diaries)
    print(f"on {os.cpu_count()} cores shared by server, database and clients, {platform.machine()}")
    sys.exit(1 if faults else 0)


def make_people(number: int) -> list[tuple[str, str, int]]:
    """(name, kind, key of the duty) of everybody."""
    from assessment.models import Assessor

    track = make_track()
    judge = Assessor.objects.create(track=track, kind=Assessor.Kind.LLM, name="judge")
    listed = make_pool(track, "listed", TOPICS, PASSAGES)
    revealed = make_pool(track, "revealed", TOPICS, PASSAGES)
    shared = make_pool(track, "shared", TOPICS, PASSAGES, quota=1)
    suggest(judge, revealed)
    people = []
    for n in range(number):
        kind = ("list", "list", "list", "reveal", "shared")[n % 5]
        pool = {"list": listed, "reveal": revealed, "shared": shared}[kind]
        name = f"assessor-{n}"
        people.append((name, kind, make_duty(pool, name, n // 5 % TOPICS, judge if kind == "reveal" else None)))
    return people


def suggest(judge, pool) -> None:
    from assessment.models import Judgment

    Judgment.objects.bulk_create(
        Judgment(assessor=judge, topic_id=item.topic_id, document_id=item.document_id, grade=1 + item.position % 3)
        for item in pool.items.all()
    )


def make_duty(pool, name: str, topic: int, judge) -> int:
    from assessment.services.duties import duties_assign

    assessor = make_assessor(pool.track, name)
    duties_assign(
        pool=pool,
        assessor=assessor,
        topics=[pool.track.topics.get(qid=f"{pool.name}-{topic}")],
        condition="post_edit" if judge else "manual",
        reveal="commit_then_reveal" if judge else "never",
        suggestion_source=judge,
    )
    return assessor.duties.get().pk


def everybody(url: str, people: list[tuple[str, str, int]], think: float, seconds: float) -> list[Diary]:
    desks = [(Desk(url, name, duty), Diary(kind)) for name, kind, duty in people]
    until = time.monotonic() + seconds

    def work(n: int) -> None:
        desk, diary = desks[n]
        try:
            judge(desk, diary, random.Random(n), think, until)
        except BaseException as error:
            diary.errors.append(error)
        finally:
            desk.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(len(desks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [diary for _, diary in desks]


def judge(desk: Desk, diary: Diary, chance: random.Random, think: float, until: float) -> None:
    items = desk.passages()
    tab = str(uuid.uuid4())
    for place, item in enumerate(items):
        for asking in _asking(diary.kind, items, place, tab):
            time.sleep(think * chance.uniform(0.5, 1.5))
            if time.monotonic() > until:
                return
            if len(diary.times) % 10 == 0:
                diary.floor.append(desk.look())
            grade = chance.randrange(4)
            ms, reply = desk.save(item, grade, **asking)
            diary.times.append(ms)
            diary.grades[item] = grade
        items += [each["id"] for each in reply.get("next", []) if each["id"] not in items]


def _asking(kind: str, items: list[int], place: int, tab: str) -> list[dict]:
    """What each save of a passage asks for, as the page does: it has two passages more in stock and wants the third;
    where a suggestion is revealed, first the same passage again; of a shared pile, whatever is handed out."""
    if kind == "shared":
        return [{"tab": tab, "ahead": " ".join(map(str, items[place + 1 :]))}]
    third = {"want": items[min(place + 3, len(items) - 1)]}
    return [{"want": items[place]}, third] if kind == "reveal" else [third]


def report(diaries: list[Diary]) -> None:
    by_kind = defaultdict(list)
    for diary in diaries:
        by_kind[diary.kind].append(diary)
    for kind, listed in [*by_kind.items(), ("all", diaries)]:
        times = [ms for diary in listed for ms in diary.times]
        p50, p95 = (statistics.quantiles(times, n=20)[place] for place in (9, 18))
        print(f"{kind:7} {len(listed):2} people, {len(times):6} saves: p50 {p50:.1f} ms, p95 {p95:.1f} ms")
    least = statistics.median(ms for diary in diaries for ms in diary.floor)
    print(f"/healthz/ p50 {least:.1f} ms; ratio {statistics.median(times) / least:.1f}")


def check(people: list[tuple[str, str, int]], diaries: list[Diary]) -> int:
    """Prints and counts the faults: errors, judgments that are not as acknowledged, shared passages judged twice."""
    from assessment.models import DutyItem

    rows = DutyItem.objects.exclude(judgment=None).values_list("duty", "item", "grade")
    stored = {(duty, item): grade for duty, item, grade in rows}
    acknowledged = {
        (duty, item): grade
        for (_, _, duty), diary in zip(people, diaries, strict=True)
        for item, grade in diary.grades.items()
    }
    errors = [error for diary in diaries for error in diary.errors]
    wrong = set(stored.items()) ^ set(acknowledged.items())
    shared = [item for diary in diaries if diary.kind == "shared" for item in diary.grades]
    twice = len(shared) - len(set(shared))
    print(
        f"errors {len(errors)}; stored {len(stored)}, acknowledged {len(acknowledged)}, not the same {len(wrong)}; "
        f"of {len(shared)} shared passages judged twice {twice}"
    )
    for error in errors[:5]:
        print(f"  {type(error).__name__}: {error}", file=sys.stderr)
    return len(errors) + len(wrong) + twice


if __name__ == "__main__":
    main()
