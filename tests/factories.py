"""Small worlds for the tests of judging: plain functions that store rows and return them."""

from assessment.models import (
    Assessor,
    Condition,
    Document,
    Duty,
    Judgment,
    Membership,
    Pool,
    PoolItem,
    Reveal,
    Role,
    Topic,
    Track,
    User,
)
from assessment.services.tracks import track_create

PASSWORD = "a-Long-enough-1"


def make_user(username: str, **fields) -> User:
    user = User(username=username, **fields)
    user.set_password(PASSWORD)
    user.save()
    return user


def make_track(slug: str = "small", scale: range = range(4), guidelines: str = "Be *fair*.") -> Track:
    return track_create(slug=slug, name=f"The {slug} track", scale=scale, guidelines=guidelines)


def make_assessor(track: Track, user: User) -> Assessor:
    """The person as an assessor of the track, membership included."""
    Membership.objects.get_or_create(track=track, user=user, defaults={"role": Role.ASSESSOR})
    assessor, _ = Assessor.objects.get_or_create(
        track=track, user=user, defaults={"kind": Assessor.Kind.HUMAN, "name": user.username}
    )
    return assessor


def make_judge(track: Track, name: str = "lexical") -> Assessor:
    return Assessor.objects.create(track=track, kind=Assessor.Kind.LLM, name=name)


def make_pool(track: Track, size: int = 5, qid: str = "q1", query: str = "why is the sky blue") -> Pool:
    """A pool of one topic with `size` passages; the pool is called after the topic."""
    topic = Topic.objects.create(track=track, qid=qid, query=query, narrative="What scatters?", position=1)
    pool = Pool.objects.create(track=track, name=f"pool-{qid}", depth=size)
    for place in range(1, size + 1):
        document = Document.objects.create(
            collection=track.collection,
            docid=f"{qid}-d{place}",
            title=f"Passage {place} of {qid}",
            text=f"This is passage number {place}. The sky scatters light.",
        )
        PoolItem.objects.create(
            pool=pool,
            topic=topic,
            document=document,
            position=place,
            best_rank=place,
            lot=place,
            run_ids=[1],
            ranks=[place],
        )
    return pool


def make_duty(
    pool: Pool,
    user: User,
    condition: str = Condition.MANUAL,
    reveal: str | None = None,
    source: Assessor | None = None,
) -> Duty:
    """The pool's topic for this person; post-edit reveals always unless told otherwise."""
    if reveal is None:
        reveal = Reveal.ALWAYS if condition == Condition.POST_EDIT else Reveal.NEVER
    return Duty.objects.create(
        pool=pool,
        topic=pool.items.first().topic,
        assessor=make_assessor(pool.track, user),
        condition=condition,
        reveal=reveal,
        suggestion_source=source,
    )


def suggest(source: Assessor, item: PoolItem, grade: int, confidence: float = 0.71) -> Judgment:
    """What the source says of a passage, with a distribution over grades 0 to 3 that sums to 1."""
    rest = (1 - confidence) / 3
    return Judgment.objects.create(
        assessor=source,
        topic=item.topic,
        document=item.document,
        grade=grade,
        confidence=confidence,
        distribution={str(value): confidence if value == grade else rest for value in range(4)},
        condition=Condition.AUTOMATIC,
    )
