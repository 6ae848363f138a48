"""Assessors for benchmarks: a track to judge, a real web server, and clients that behave as the judging page does."""

import re
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager

from scratch import BASE_DIR

PASSAGE = " ".join(f"Sentence {n} of a passage of ordinary length about the scattering of light." for n in range(16))


def make_track():
    from assessment.services.tracks import track_create

    return track_create(slug="benchmark", name="Benchmark", scale=range(4))


def make_pool(track, name: str, topics: int, size: int, **sharing):
    """A pool of `topics` new topics with `size` new passages each; `sharing` are more fields of the pool."""
    from assessment.domain.pooling import lot
    from assessment.models import Document, Pool, PoolItem, Topic

    pool = Pool.objects.create(track=track, name=name, depth=size, **sharing)
    for number in range(topics):
        place = track.topics.count() + 1
        topic = Topic.objects.create(track=track, qid=f"{name}-{number}", query="why is the sky blue", position=place)
        documents = Document.objects.bulk_create(
            Document(collection=track.collection, docid=f"{topic.qid}-d{n}", title=f"Passage {n}", text=PASSAGE)
            for n in range(size)
        )
        PoolItem.objects.bulk_create(
            PoolItem(
                pool=pool,
                topic=topic,
                document=document,
                position=n,
                best_rank=n,
                lot=lot(0, topic.qid, document.docid),
                run_ids=[1],
                ranks=[n],
            )
            for n, document in enumerate(documents, 1)
        )
    return pool


def make_assessor(track, name: str):
    from assessment.models import User
    from assessment.services.people import assessor_ensure, member_set

    user = User.objects.create_user(name, password=name)
    member_set(track=track, user=user, role="assessor", by=None)
    return assessor_ensure(track=track, user=user)


@contextmanager
def web_server():
    """The address of gunicorn, as `manage.py web` starts it."""
    import httpx

    from config.demo.processes import free_port

    port = free_port(8900)
    server = subprocess.Popen([sys.executable, str(BASE_DIR / "manage.py"), "web", "--port", str(port)])
    try:
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


class Desk:
    """One assessor's browser at one duty: logged in, its connection kept."""

    def __init__(self, url: str, name: str, duty: int):
        import httpx

        self.browser = httpx.Client(base_url=url, follow_redirects=True, timeout=60)
        self.duty = duty
        self.browser.get("/login/")
        self.post("/login/", {"username": name, "password": name})

    def close(self) -> None:
        self.browser.close()

    def passages(self) -> list[int]:
        """The keys of the passages in the page's column, in its order."""
        page = self.browser.get(f"/judge/{self.duty}/").raise_for_status().text
        return [int(key) for key in dict.fromkeys(re.findall(rf"/judge/{self.duty}/items/(\d+)/", page))]

    def save(self, item: int, grade: int, **form) -> tuple[float, dict]:
        """Milliseconds of a save, and its reply."""
        form = {"grade": grade, "idempotency_key": str(uuid.uuid4())} | form
        began = time.perf_counter()
        reply = self.post(f"/judge/{self.duty}/items/{item}/judgment/", form)
        return (time.perf_counter() - began) * 1000, reply.json()

    def look(self) -> float:
        """Milliseconds of /healthz/, one SELECT 1: the least that the server can do."""
        began = time.perf_counter()
        self.browser.get("/healthz/").raise_for_status()
        return (time.perf_counter() - began) * 1000

    def post(self, path: str, form: dict):
        token = self.browser.cookies.get("csrftoken")
        headers = {"X-CSRFToken": token, "Referer": str(self.browser.base_url), "Accept": "application/json"}
        return self.browser.post(path, data=form, headers=headers).raise_for_status()
