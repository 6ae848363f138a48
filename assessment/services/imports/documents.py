"""Documents into a track's collection."""

import json
from collections.abc import Iterable

from django.db import connection, transaction

from assessment.domain.documents import Document as DocumentRecord
from assessment.domain.documents import read_documents
from assessment.domain.errors import FileError, Problem
from assessment.domain.text_files import Progress, Source
from assessment.models import Collection, Track
from assessment.services.copying import copy_rows, copy_text, lock_collection

from .result import ImportResult, counted

_COLUMNS = ("docid", "title", "url", "text", "extra")
_DIFFERS = "(d.title, d.url, d.text, d.extra) IS DISTINCT FROM (i.title, i.url, i.text, i.extra)"


def documents_import(
    *, track: Track, source: Source, name: str, replace: bool = False, progress: Progress | None = None
) -> ImportResult:
    """Add the documents of a JSONL file to the track's collection, and texts to docids known from runs only.

    A document that is there with another text is refused, unless `replace`. Raises FileError with every problem;
    nothing is stored then.
    """
    line_of: dict[str, int] = {}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            'CREATE TEMPORARY TABLE incoming (docid text COLLATE "C", title text, url text, text text, extra jsonb) '
            "ON COMMIT DROP"
        )
        copy_rows("incoming", _COLUMNS, _lines(read_documents(source, name, progress=progress, line_of=line_of)))
        cursor.execute("ANALYZE incoming")
        lock_collection(track.collection)
        if not replace:
            _refuse_conflicts(cursor, track.collection, name, line_of)
        updated = _update_known(cursor, track.collection)
        added = _add_new(cursor, track.collection)
        cursor.execute("SELECT count(*) FROM incoming")
        total = cursor.fetchone()[0]
        cursor.execute("DROP TABLE incoming")
    if not added and not updated:
        return ImportResult("unchanged", f"All {total:,} documents were already there.")
    filled = f", {updated:,} already known by docid got their text" if updated else ""
    return ImportResult("replaced" if replace and updated else "stored", f"{counted(added, 'document')} added{filled}.")


def _lines(records: Iterable[DocumentRecord]) -> Iterable[str]:
    for record in records:
        extra = json.dumps(record.extra, ensure_ascii=False)
        yield "\t".join(map(copy_text, (record.docid, record.title, record.url, record.text, extra)))


def _refuse_conflicts(cursor, collection: Collection, name: str, line_of: dict[str, int]) -> None:
    cursor.execute(
        "SELECT d.docid FROM incoming i JOIN assessment_document d USING (docid) "
        f"WHERE d.collection_id = %s AND d.text IS NOT NULL AND {_DIFFERS}",
        [collection.pk],
    )
    said = "this document is already there with another text; replace it, or leave it out"
    problems = sorted(Problem(line_of[docid], said, docid) for (docid,) in cursor.fetchall())
    if problems:
        raise FileError(name, problems)


def _update_known(cursor, collection: Collection) -> int:
    cursor.execute(
        "UPDATE assessment_document d SET title = i.title, url = i.url, text = i.text, extra = i.extra "
        f"FROM incoming i WHERE d.docid = i.docid AND d.collection_id = %s AND {_DIFFERS}",
        [collection.pk],
    )
    return cursor.rowcount


def _add_new(cursor, collection: Collection) -> int:
    cursor.execute(
        "INSERT INTO assessment_document (collection_id, docid, title, url, text, extra) "
        "SELECT %s, docid, title, url, text, extra FROM incoming i WHERE NOT EXISTS "
        "(SELECT FROM assessment_document d WHERE d.collection_id = %s AND d.docid = i.docid)",
        [collection.pk, collection.pk],
    )
    return cursor.rowcount
