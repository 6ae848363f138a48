"""How long does it take to combine three judges over a large pool, and how long a pair at a time?

    .venv/bin/python benchmarks/ensembles.py [--pairs 100000]

Both ways read the members' labels from PostgreSQL, settle each pair by the median and store the labels: ours as
`ensemble_combine` does it, the other with one object a judgment and Python's `statistics`. A database of its own is
made for the run. The labels of both must be the same; the script exits 1 where they are not.
"""

import argparse
import random
import sys
import time
from collections import defaultdict
from statistics import median_low

from scratch import scratch_services

TOPICS = 100
MEMBERS = ("a", "b", "c")
GRADED = 0.95  # of the pairs, by each member
QUORUM = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=100_000)
    options = parser.parse_args()
    with scratch_services():
        track, members = world(options.pairs)
        began = time.perf_counter()
        ensemble = combined(track, members)
        ours = time.perf_counter() - began
        began = time.perf_counter()
        peer = pair_by_pair(track, members)
        theirs = time.perf_counter() - began
        labels = labels_of(ensemble.result)
        same = labels == labels_of(peer)
        began = time.perf_counter()
        again(ensemble)
        repeated = time.perf_counter() - began
    print(f"{options.pairs:,} pairs, {len(MEMBERS)} members: {len(labels):,} labels")
    print(f"combined {ours:.1f} s; pair by pair {theirs:.1f} s; ratio {theirs / ours:.1f}; anew {repeated:.1f} s")
    print("the same labels" if same else "THE LABELS DIFFER")
    sys.exit(0 if same else 1)


def labels_of(assessor) -> dict[tuple[int, int], int]:
    stored = assessor.judgments.values_list("topic", "document", "grade")
    return {(topic, document): grade for topic, document, grade in stored.iterator()}


def world(pairs: int):
    """A track of so many pairs, and members that graded nearly all of them, mostly alike."""
    from assessment.models import Assessor, Document, Judgment, Topic
    from assessment.services.tracks import track_create

    draw = random.Random(0)
    track = track_create(slug="bench", name="bench", scale=range(4))
    topics = Topic.objects.bulk_create(
        Topic(track=track, qid=f"q{place}", query="q", position=place) for place in range(TOPICS)
    )
    documents = Document.objects.bulk_create(
        Document(collection=track.collection, docid=f"d{place}") for place in range(pairs // TOPICS)
    )
    members = [Assessor.objects.create(track=track, kind=Assessor.Kind.LLM, name=name) for name in MEMBERS]
    true = {(topic.pk, document.pk): draw.randrange(4) for topic in topics for document in documents}
    for member in members:
        Judgment.objects.bulk_create(
            (
                Judgment(
                    assessor=member,
                    topic_id=topic,
                    document_id=document,
                    grade=grade if draw.random() < 0.6 else draw.randrange(4),
                )
                for (topic, document), grade in true.items()
                if draw.random() < GRADED
            ),
            batch_size=5000,
        )
    return track, members


def combined(track, members):
    from assessment.services.ensembles import ensemble_create

    return ensemble_create(track=track, name="ours", members=members, rule="median", quorum=QUORUM)[0]


def again(ensemble) -> None:
    from assessment.services.ensembles import ensemble_combine

    ensemble_combine(ensemble=ensemble)


def pair_by_pair(track, members):
    from django.db import transaction

    from assessment.models import Assessor, Judgment

    with transaction.atomic():
        result = Assessor.objects.create(track=track, kind=Assessor.Kind.LLM, name="peer")
        votes = defaultdict(list)
        for judgment in Judgment.objects.filter(assessor__in=members, state="graded"):
            votes[judgment.topic_id, judgment.document_id].append(judgment.grade)
        for (topic, document), given in votes.items():
            if len(given) >= QUORUM:
                Judgment.objects.create(
                    assessor=result, topic_id=topic, document_id=document, grade=median_low(given),
                    condition="automatic", confidence=given.count(median_low(given)) / len(given),
                )  # fmt: skip
    return result


if __name__ == "__main__":
    main()
