"""Runs into a track: one row per run and topic, arrays in trec_eval's order."""

from collections.abc import Iterable
from itertools import chain

from django.db import transaction

from assessment.domain.errors import DomainError
from assessment.domain.runs import Run as RunRecord
from assessment.domain.runs import read_run
from assessment.domain.text_files import Progress, Source
from assessment.models import Run, Track, User
from assessment.services.copying import copy_rows, document_ids

from .result import ImportResult, counted, lock_track, skipped_warnings


def run_import(
    *,
    track: Track,
    source: Source,
    name: str,
    by: User | None = None,
    replace: bool = False,
    skip_unknown_topics: bool = False,
    progress: Progress | None = None,
) -> ImportResult:
    """Store a run under the tag of its sixth column.

    A tag that the track has is refused, unless the run is identical (then `unchanged`) or `replace` is given. The same
    file with more topics in the track than when it was stored is another run: it has more lines now. Raises FileError
    with every problem, DomainError for a tag that is taken; nothing is stored then.
    """
    topics = dict(track.topics.values_list("qid", "pk"))
    if not topics:
        raise DomainError("The track has no topics yet; import them before its runs.")
    record = read_run(source, name, known_topics=topics, skip_unknown_topics=skip_unknown_topics, progress=progress)
    with transaction.atomic():
        lock_track(track)
        stored = track.runs.filter(tag=record.tag).first()
        if stored and (stored.sha256, stored.lines) == (record.sha256, record.lines):
            return ImportResult("unchanged", f"{record.tag}: this very run is already there.", object=stored)
        if stored and not replace:
            raise DomainError(
                f"{name}: the track already has another run with the tag {record.tag}; replace it, or change the tag."
            )
        run = stored or Run(track=track, tag=record.tag)
        run.file_name, run.sha256, run.lines, run.uploaded_by = name[:255], record.sha256, record.lines, by
        warnings = skipped_warnings(record.skipped) + record.warnings
        run.warnings = [list(warning) for warning in warnings]
        run.save()
        run.rankings.all().delete()
        _copy_rankings(track, run, record, topics)
    said = f"{record.tag}: {counted(record.lines, 'line')}, {counted(len(record.rankings), 'topic')}."
    return ImportResult("replaced" if stored else "stored", said, warnings, run)


def _copy_rankings(track: Track, run: Run, record: RunRecord, topics: dict[str, int]) -> None:
    docids = chain.from_iterable(ranked.docids for ranked in record.rankings.values())
    ids = document_ids(track.collection, list(dict.fromkeys(docids)))
    copy_rows("assessment_ranking", ["run_id", "topic_id", "documents", "scores"], _rows(run, record, topics, ids))


def _rows(run: Run, record: RunRecord, topics: dict[str, int], ids: dict[str, int]) -> Iterable[str]:
    for qid, ranked in record.rankings.items():
        documents = ",".join([str(ids[docid]) for docid in ranked.docids])
        scores = ",".join(map(repr, ranked.scores.tolist()))
        yield f"{run.pk}\t{topics[qid]}\t{{{documents}}}\t{{{scores}}}"
