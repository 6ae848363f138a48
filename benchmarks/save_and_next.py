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
import re
import statistics
import subprocess
import sys
import threading
import time
import uuid
from contextlib import contextmanager

from scratch import BASE_DIR, scratch_services

PASSAGE = " ".join(f"Sentence {n} of a passage of ordinary length about the scattering of light." for n in range(16))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--saves", type=int, default=100, help="by each assessor")
    parser.add_argument("--think", type=float, default=1.0, help="mean pause of each of the twenty, in seconds")
    options = parser.parse_args()
    with scratch_services():
        pool = make_pool(options.saves)
        with web_server() as url:
            for assessors, think in ((1, 0.0), (20, options.think)):
                names = [f"assessor{assessors}-{n}" for n in range(assessors)]
                duties = [make_duty(pool, name) for name in names]
                report(assessors, think, *run(url, names, duties, options.saves, think))
    print(f"on {os.cpu_count()} cores shared by server, database and clients, {platform.machine()}")


def make_pool(size: int):
    from assessment.models import Document, Pool, PoolItem, Topic
    from assessment.services.tracks import track_create

    track = track_create(slug="benchmark", name="Benchmark", scale=range(4))
    topic = Topic.objects.create(track=track, qid="1", query="why is the sky blue", position=1)
    documents = Document.objects.bulk_create(
        Document(collection=track.collection, docid=f"d{n}", title=f"Passage {n}", text=PASSAGE) for n in range(size)
    )
    pool = Pool.objects.create(track=track, name="pool", depth=size)
    PoolItem.objects.bulk_create(
        PoolItem(pool=pool, topic=topic, document=document, position=n, best_rank=n, lot=n, run_ids=[1], ranks=[n])
        for n, document in enumerate(documents, 1)
    )
    return pool


def make_duty(pool, name: str) -> int:
    from assessment.models import User
    from assessment.services.duties import duties_assign
    from assessment.services.people import assessor_ensure, member_set

    user = User.objects.create_user(name, password=name)
    member_set(track=pool.track, user=user, role="assessor", by=None)
    assessor = assessor_ensure(track=pool.track, user=user)
    duties_assign(pool=pool, assessor=assessor, condition="manual")
    return assessor.duties.get().pk


@contextmanager
def web_server():
    from config.demo.processes import free_port

    port = free_port(8900)
    server = subprocess.Popen([sys.executable, str(BASE_DIR / "manage.py"), "web", "--port", str(port)])
    try:
        import httpx

        for _ in range(100):
            try:
                httpx.get(f"http://127.0.0.1:{port}/healthz/").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def run(url: str, names: list[str], duties: list[int], saves: int, think: float) -> tuple[list[float], list[float]]:
    """Milliseconds of every save and of every look at /healthz/, by all assessors at once."""
    times: list[float] = []
    floor: list[float] = []
    errors: list[BaseException] = []

    def work(name: str, duty: int) -> None:
        try:
            judge(url, name, duty, saves, think, times, floor)
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


def judge(url: str, name: str, duty: int, saves: int, think: float, times: list[float], floor: list[float]) -> None:
    import httpx

    pause = random.Random(name)
    with httpx.Client(base_url=url, follow_redirects=True, timeout=60) as browser:
        browser.get("/login/")
        headers = {"X-CSRFToken": browser.cookies["csrftoken"], "Referer": url, "Accept": "application/json"}
        browser.post("/login/", data={"username": name, "password": name}, headers=headers).raise_for_status()
        headers["X-CSRFToken"] = browser.cookies["csrftoken"]
        column = browser.get(f"/judge/{duty}/").text
        items = list(dict.fromkeys(re.findall(rf"/judge/{duty}/items/(\d+)/", column)))[:saves]
        if len(items) < saves:
            sys.exit(f"The page shows {len(items)} passages of {saves}.")
        for item, following in zip(items, items[1:] + items[:1], strict=True):
            time.sleep(think * pause.uniform(0.5, 1.5))
            floor.append(milliseconds(browser, browser.build_request("GET", "/healthz/")))
            form = {"grade": pause.randrange(4), "idempotency_key": str(uuid.uuid4()), "want": following}
            save = browser.build_request("POST", f"/judge/{duty}/items/{item}/judgment/", data=form, headers=headers)
            times.append(milliseconds(browser, save))


def milliseconds(browser, request) -> float:
    began = time.perf_counter()
    browser.send(request).raise_for_status()
    return (time.perf_counter() - began) * 1000


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
