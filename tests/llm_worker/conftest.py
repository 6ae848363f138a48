"""A small track, a pool of two topics with three passages each, and judges whose engine says what a test tells it.

alice organizes, bob assesses, vera views, charlie has an account and nothing else.
"""

import pytest

from assessment.models import Document, Pool, PoolItem, Role, Topic
from assessment.services.people import member_set
from assessment.services.tracks import track_create
from llm_worker.engines import close_engines, engine_for
from llm_worker.services import brakes, chunks
from llm_worker.services.judges import judge_create
from tests.factories import make_user


@pytest.fixture(autouse=True)
def _quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _fresh_worker(monkeypatch):
    """What a worker process remembers between chunks is forgotten between tests; it looks up before every request."""
    monkeypatch.setattr(brakes, "LOOK_EVERY_S", 0.0)
    yield
    chunks._pace.clear()
    chunks._labellers.clear()
    close_engines()


@pytest.fixture
def alice(db):
    return make_user("alice", may_create_tracks=True)


@pytest.fixture
def vera(db):
    return make_user("vera")


@pytest.fixture
def bob(db):
    return make_user("bob")


@pytest.fixture
def charlie(db):
    return make_user("charlie", may_create_tracks=True)


@pytest.fixture
def track(alice, bob, vera):
    track = track_create(slug="small", name="A small track", scale=range(4), created_by=alice)
    member_set(track=track, user=bob, role=Role.ASSESSOR, by=alice)
    member_set(track=track, user=vera, role=Role.VIEWER, by=alice)
    return track


def fill_pool(track, name="pool", topics=2, passages=3):
    """A pool with its own topics and passages, named after it."""
    pool = Pool.objects.create(track=track, name=name, depth=passages)
    first = track.topics.count() + 1
    for place in range(first, first + topics):
        topic = Topic.objects.create(track=track, qid=f"q{place}", query=f"question {place}", position=place)
        for rank in range(1, passages + 1):
            document = Document.objects.create(
                collection=track.collection, docid=f"q{place}-d{rank}", title="A title", text=f"Passage {rank}."
            )
            PoolItem.objects.create(
                pool=pool,
                topic=topic,
                document=document,
                position=rank,
                best_rank=rank,
                lot=rank,
                run_ids=[1],
                ranks=[rank],
            )
    return pool


@pytest.fixture
def pool(track):
    return fill_pool(track)


def scripted_judge(name="judge", decoding="reference", prompt="umbrela.v1", **options):
    return judge_create(
        name=name, engine="scripted", model=f"model of {name}", prompt=prompt, decoding=decoding, options=options
    )


@pytest.fixture
def judge(db):
    """A judge by free text; without an enqueued answer it says 2."""
    return scripted_judge(answer="##final score: 2")


@pytest.fixture
def engine(judge):
    """The judge's engine in this process: enqueue answers on it, read its history."""
    return engine_for(judge.engine, judge.model, judge.options)


def work_off(job) -> float | None:
    """Run the job's chunks as a worker would; returns the wait that the last one asked for, None where all is over."""
    while (wait := chunks.run_chunk(job.pk)) == 0:
        pass
    job.refresh_from_db()
    return wait
