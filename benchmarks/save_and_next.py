"""How long does an assessor wait for a save, with the next passage in the reply? With 1 and with 20 assessors.

    .venv/bin/python benchmarks/save_and_next.py [--saves 100] [--think 1.0]

A real gunicorn (2 processes of 4 threads, as `manage.py web` starts it) on a scratch PostgreSQL; each assessor has a
login, a duty of its own over the same pool, and keeps its connection, as a browser does. One assessor saves without a
pause; twenty think for --think seconds on average between saves, as people at full speed might. In the same run, the
same clients ask for /healthz/ (one SELECT 1): the ratio says what a save costs beside the least that the server can do.
At the end the stored judgments must be the acknowledged ones.
"""

import argparse
import os
import platform
import random
import statistics
import sys
import threading
import time

from assessors import Desk, make_assessor, make_pool, make_track, web_server
from scratch import scratch_services


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--saves", type=int, default=100, help="by each assessor")
    parser.add_argument("--think", type=float, default=1.0, help="mean pause of each of the twenty, in seconds")
    options = parser.parse_args()
    with scratch_services():
        pool = make_pool(make_track(), "pool", 1, options.saves)
        with web_server() as url:
            for assessors, think in ((1, 0.0), (20, options.think)):
                names = [f"assessor{assessors}-{n}" for n in range(assessors)]
                duties = [make_duty(pool, name) for name in names]
                report(assessors, think, *run(url, names, duties, options.saves, think))
    print(f"on {os.cpu_count()} cores shared by server, database and clients, {platform.machine()}")


def make_duty(pool, name: str) -> int:
    from assessment.services.duties import duties_assign

    assessor = make_assessor(pool.track, name)
    duties_assign(pool=pool, assessor=assessor, condition="manual")
    return assessor.duties.get().pk


def run(url: str, names: list[str], duties: list[int], saves: int, think: float) -> tuple[list[float], list[float]]:
    """Milliseconds of every save and of every look at /healthz/, by all assessors at once."""
    times: list[float] = []
    floor: list[float] = []
    errors: list[BaseException] = []

    def work(name: str, duty: int) -> None:
        try:
            judge(Desk(url, name, duty), name, saves, think, times, floor)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=pair) for pair in zip(names, duties, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    check_stored(duties, saves)
    return times, floor


def judge(desk: Desk, name: str, saves: int, think: float, times: list[float], floor: list[float]) -> None:
    pause = random.Random(name)
    items = desk.passages()[:saves]
    if len(items) < saves:
        sys.exit(f"The page shows {len(items)} passages of {saves}.")
    for item, following in zip(items, items[1:] + items[:1], strict=True):
        time.sleep(think * pause.uniform(0.5, 1.5))
        floor.append(desk.look())
        times.append(desk.save(item, pause.randrange(4), want=following)[0])
    desk.close()


def check_stored(duties: list[int], saves: int) -> None:
    from assessment.models import Judgment

    stored = Judgment.objects.filter(assessor__duties__in=duties).count()
    if stored != len(duties) * saves:
        sys.exit(f"{len(duties) * saves} judgments were acknowledged, {stored} are stored.")


def report(assessors: int, think: float, times: list[float], floor: list[float]) -> None:
    percentile = statistics.quantiles(times, n=20)
    least = statistics.median(floor)
    print(
        f"{assessors:2} assessors, pause {think:.1f} s: {len(times)} saves, p50 {statistics.median(times):.1f} ms, "
        f"p95 {percentile[18]:.1f} ms; /healthz/ p50 {least:.1f} ms; ratio {statistics.median(times) / least:.1f}"
    )


if __name__ == "__main__":
    main()
