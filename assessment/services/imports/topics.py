"""Topics into a track."""

from django.db import transaction
from django.db.models import Max

from assessment.domain.errors import FileError, Problem
from assessment.domain.text_files import Source
from assessment.domain.topics import Topic as TopicRecord
from assessment.domain.topics import read_topics
from assessment.models import Topic, Track

from .result import ImportResult, counted, lock_track

_TEXTS = ("query", "description", "narrative", "sub_narratives")


def topics_import(*, track: Track, source: Source, name: str, replace: bool = False) -> ImportResult:
    """Add the topics of a file. One that is there with another text is refused, unless `replace`.

    Raises FileError with every problem; nothing is stored then.
    """
    line_of: dict[str, int] = {}
    records = read_topics(source, name, line_of=line_of)
    with transaction.atomic():
        lock_track(track)
        stored = {topic.qid: topic for topic in track.topics.all()}
        changed = [record for record in records if record.qid in stored and _differs(stored[record.qid], record)]
        if changed and not replace:
            raise FileError(name, [_conflict(line_of[record.qid], record) for record in changed])
        new = [record for record in records if record.qid not in stored]
        first = (track.topics.aggregate(last=Max("position"))["last"] or 0) + 1
        Topic.objects.bulk_create(
            Topic(track=track, qid=record.qid, position=first + offset, **_texts(record))
            for offset, record in enumerate(new)
        )
        for record in changed:
            track.topics.filter(qid=record.qid).update(**_texts(record))
    if changed:
        return ImportResult("replaced", f"{counted(len(new), 'topic')} added, {len(changed)} replaced.")
    if not new:
        return ImportResult("unchanged", f"All {len(records)} topics were already there.")
    return ImportResult("stored", f"{counted(len(new), 'topic')} added.")


def _texts(record: TopicRecord) -> dict:
    return {field: getattr(record, field) for field in _TEXTS} | {"sub_narratives": list(record.sub_narratives)}


def _differs(topic: Topic, record: TopicRecord) -> bool:
    return any(getattr(topic, field) != value for field, value in _texts(record).items())


def _conflict(line: int, record: TopicRecord) -> Problem:
    said = "this topic is already in the track with another text; replace it, or leave it out"
    return Problem(line, said, record.qid)
