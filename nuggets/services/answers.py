"""A run's answers into a track: a file goes in whole or not at all."""

import hashlib
import json
from pathlib import Path

from django.db import transaction

from assessment.domain.errors import DomainError, Problem
from assessment.domain.json_lines import json_objects
from assessment.domain.text_files import Problems, Progress, Source
from assessment.models import Track, User
from assessment.services.imports.result import ImportResult, counted, lock_track
from nuggets.domain.answers import AnswerFile, read_answers
from nuggets.domain.profiles import Profile, profiles
from nuggets.models import Answer, AnswerRun

from .bank_imports import refuse


def profile_for(track: Track, source: Source, name: str, wanted: str | None = None) -> Profile:
    """The profile that is asked for, or the one of the track's latest run of answers, or the only one that has the form
    of the file's first record. DomainError with the names to choose from where that does not settle it."""
    known = profiles()
    latest = track.answer_runs.exclude(profile="").order_by("-uploaded_at").values_list("profile", flat=True).first()
    if chosen := wanted or latest:
        if chosen not in known:
            raise DomainError(f"There is no submission profile {chosen!r}; there are: {', '.join(known)}.")
        return known[chosen]
    first = _first_record(source, name)
    fitting = [profile for profile in known.values() if profile.has_form_of(first)]
    if len(fitting) != 1:
        names = ", ".join(profile.name for profile in fitting or known.values())
        fits = "several submission profiles fit" if fitting else "no submission profile fits"
        raise DomainError(f"{name}: {fits} its first record; choose one: {names}.")
    return fitting[0]


def _first_record(source: Source, name: str) -> dict:
    problems = Problems(name)
    record = next((record for _, record, _ in json_objects(source, problems)), None)
    if not isinstance(source, str | Path):
        source.seek(0)
    if record is None:
        problems.raise_if_any()
        raise DomainError(f"{name}: the file holds no answers.")
    return record


def answers_import(
    *,
    track: Track,
    source: Source,
    name: str,
    profile_name: str | None = None,
    actor: User | None = None,
    progress: Progress | None = None,
) -> ImportResult:
    """Store one run's answers. The very same answers again are `unchanged`; a run of that name with others is refused.

    Raises FileError with every problem, DomainError for a name that is taken or a profile that is not clear.
    """
    topics = dict(track.topics.values_list("qid", "pk"))
    if not topics:
        raise DomainError("The track has no topics yet; import them before its answers.")
    profile = profile_for(track, source, name, profile_name)
    file = read_answers(source, name, profile, progress=progress)
    unknown = [one for one in file.answers if one.topic not in topics]
    refuse([(one.line, f"the track has no topic {one.topic}") for one in unknown], name)
    digest = _digest(file)
    with transaction.atomic():
        lock_track(track)
        if stored := track.answer_runs.filter(tag=file.run).first():
            if stored.sha256 == digest:
                return ImportResult("unchanged", f"{file.run}: these very answers are already there.", object=stored)
            raise DomainError(f"{name}: the track already has other answers of {file.run}.")
        warnings = _warnings(file, topics)
        run = AnswerRun.objects.create(
            track=track,
            tag=file.run,
            team=file.team[:120],
            kind=file.kind[:60],
            description=file.description,
            profile=profile.name,
            file_name=name[:255],
            sha256=digest,
            warnings=warnings,
            uploaded_by=actor,
        )
        Answer.objects.bulk_create(_stored(run, one, topics[one.topic]) for one in file.answers)
    said = f"{file.run}: {counted(len(file.answers), 'answer')} ({profile.label})."
    return ImportResult("stored", said, warnings, run)


def _stored(run: AnswerRun, one, topic: int) -> Answer:
    return Answer(
        run=run,
        topic_id=topic,
        text=one.text,
        sentences=one.sentences,
        references=one.references,
        words=one.words,
        declared_words=one.declared_words,
    )


def _digest(file: AnswerFile) -> str:
    """Of what is stored, in whatever order and white space the file has it."""
    told = sorted([one.topic, one.sentences, one.references, one.declared_words] for one in file.answers)
    return hashlib.sha256(json.dumps([file.run, told]).encode()).hexdigest()


def _warnings(file: AnswerFile, topics: dict[str, int]) -> list[Problem]:
    missing = sorted(set(topics) - {one.topic for one in file.answers})
    empty = [one.topic for one in file.answers if not one.words]
    repeated = [one.topic for one in file.answers if len(set(one.references)) < len(one.references)]
    found = [
        (missing, "no answer to {}: it will count as 0"),
        (empty, "the answer to {} is empty"),
        (repeated, "the references of {} hold a docid twice; citations count into the list as it is"),
    ]
    return [Problem(0, said.format(_listed(qids))) for qids, said in found if qids]


def _listed(qids: list[str]) -> str:
    named = ", ".join(qids[:5])
    return f"{counted(len(qids), 'topic')} ({named}{', …' if len(qids) > 5 else ''})"
