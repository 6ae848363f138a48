"""The cast: alice organizes, bob assesses, vera views, charlie has an account and nothing else.

`track` is small enough to read: scale 0-3, three topics, six documents (d6 is a docid without text), two runs.
"""

import pytest

from assessment.models import Assessor, Document, Judgment, Pool, PoolItem, Ranking, Role, Run, Topic, User
from assessment.services.people import member_set
from assessment.services.tracks import track_create

PASSWORD = "a-Long-enough-1"


def person(username, **fields):
    user = User(username=username, **fields)
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture(autouse=True)
def _quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def alice(db):
    return person("alice", may_create_tracks=True)


@pytest.fixture
def bob(db):
    return person("bob")


@pytest.fixture
def vera(db):
    return person("vera")


@pytest.fixture
def charlie(db):
    """May create tracks, so that nothing but his missing role keeps him out of this one."""
    return person("charlie", may_create_tracks=True)


@pytest.fixture
def admin(db):
    return person("admin", is_staff=True, is_superuser=True)


@pytest.fixture
def track(alice, bob, vera):
    track = track_create(slug="small", name="A small track", scale=range(4), created_by=alice, guidelines="Be fair.")
    member_set(track=track, user=bob, role=Role.ASSESSOR, by=alice)
    member_set(track=track, user=vera, role=Role.VIEWER, by=alice)
    return track


@pytest.fixture
def topics(track):
    queries = ["why is the sky blue", "how do magnets work", "who invented the telescope"]
    return Topic.objects.bulk_create(
        Topic(track=track, qid=f"q{place}", query=query, position=place) for place, query in enumerate(queries, 1)
    )


@pytest.fixture
def documents(track):
    texts = {f"d{number}": f"Passage number {number} about the sky." for number in range(1, 6)} | {"d6": None}
    return Document.objects.bulk_create(
        Document(collection=track.collection, docid=docid, title=f"Title of {docid}" if text else "", text=text)
        for docid, text in texts.items()
    )


@pytest.fixture
def runs(track, topics, documents, alice):
    """`up` returns d1 … d6 for every topic; `down` returns d6 … d1 for the first two."""
    up = Run.objects.create(track=track, tag="up", sha256="0" * 64, lines=18, uploaded_by=alice)
    down = Run.objects.create(
        track=track,
        tag="down",
        sha256="1" * 64,
        lines=12,
        uploaded_by=alice,
        warnings=[[0, "topics are missing", "q3"]],
    )
    keys = [document.pk for document in documents]
    scores = [float(score) for score in range(6, 0, -1)]
    Ranking.objects.bulk_create(Ranking(run=up, topic=topic, documents=keys, scores=scores) for topic in topics)
    Ranking.objects.bulk_create(
        Ranking(run=down, topic=topic, documents=keys[::-1], scores=scores) for topic in topics[:2]
    )
    return [up, down]


@pytest.fixture
def pool(track, topics, documents, runs):
    """The first two documents of every topic."""
    pool = Pool.objects.create(track=track, name="pool-2", depth=2)
    pool.runs.set(runs)
    PoolItem.objects.bulk_create(
        PoolItem(
            pool=pool,
            topic=topic,
            document=document,
            position=place,
            lot=place,
            best_rank=place,
            run_ids=[runs[0].pk],
            ranks=[place],
        )
        for topic in topics
        for place, document in enumerate(documents[:2], 1)
    )
    return pool


@pytest.fixture
def judge(track):
    return Assessor.objects.create(track=track, kind=Assessor.Kind.LLM, name="lexical")


@pytest.fixture
def nist(track, topics, documents):
    """An imported assessor with four grades and one pair that could not be judged."""
    nist = Assessor.objects.create(track=track, kind=Assessor.Kind.IMPORTED, name="nist")
    Judgment.objects.bulk_create(
        Judgment(assessor=nist, topic=topics[0], document=document, grade=grade)
        for document, grade in zip(documents, [3, 2, 0, 0], strict=False)
    )
    Judgment.objects.create(assessor=nist, topic=topics[1], document=documents[0], state="unjudgeable", raw_grade=-1)
    return nist


@pytest.fixture
def assessor_bob(track, bob):
    return Assessor.objects.get(track=track, user=bob)


@pytest.fixture
def as_user(client):
    def logged_in(user):
        client.force_login(user)
        return client

    return logged_in


@pytest.fixture
def dora(track, alice):
    dora = person("dora")
    member_set(track=track, user=dora, role=Role.ASSESSOR, by=alice)
    return dora


@pytest.fixture
def wide_pool(track, pool, documents):
    """Twelve topics with two passages each: the pool's three and nine more."""
    more = Topic.objects.bulk_create(Topic(track=track, qid=f"r{n}", query="x", position=n) for n in range(4, 13))
    PoolItem.objects.bulk_create(
        PoolItem(pool=pool, topic=topic, document=document, position=n, best_rank=n, lot=n, run_ids=[1], ranks=[n])
        for topic in more
        for n, document in enumerate(documents[:2], 1)
    )
    return pool


@pytest.fixture
def trusted(track, wide_pool, judge, documents):
    """Has graded three documents outside the pool in every topic, one of them without a text; the judge all inside."""
    trusted = Assessor.objects.create(track=track, kind=Assessor.Kind.IMPORTED, name="expert")
    for topic in track.topics.all():
        for document in documents[3:]:
            Judgment.objects.create(assessor=trusted, topic=topic, document=document, grade=2)
        for document, grade in zip(documents[:2], (1, 3), strict=True):
            Judgment.objects.create(assessor=judge, topic=topic, document=document, grade=grade, confidence=0.6)
    return trusted
