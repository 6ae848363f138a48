"""Every judgment of a track with its whole story, as JSONL or CSV. In memory stands one chunk of it at a time.

Answers to vigilance items are among them, each marked: they are in no other export and in no figure but vigilance.
"""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice

from django.db import connection
from django.db.models import Case, Exists, OuterRef, Subquery, Value, When
from django.db.models.functions import Coalesce, JSONObject, NullIf

from assessment.domain.csv_cells import plain_text
from assessment.models import Condition, Duty, Judgment, JudgmentEvent, PoolItem, Track

CHUNK = 2_000
FREE_TEXT = ("note", "reason")
NESTED = ("distribution", "evidence", "history")
FORMATS = ("jsonl", "csv")

# What a record says, in this order, and where on the row of a judgment it stands.
_ROW = {
    "assessor": "assessor__name",
    "kind": "assessor__kind",
    "topic": "topic__qid",
    "docid": "document__docid",
    "state": "state",
    "condition": "condition",
    "grade": "grade",
    "raw_grade": "raw_grade",
    "iteration": "iteration",
    "suggestion_grade": "suggestion_grade",
    "suggestion_by": "suggestion_by__name",
    "suggestion_shown_at": "suggestion_shown_at",
    "grade_before_reveal": "grade_before_reveal",
    "vigilance": "vigilance",
    "trusted_grade": "trusted_grade",
    "confidence": "confidence",
    "distribution": "distribution",
    "active_ms": "active_ms",
    "away_ms": "away_ms",
    "note": "note",
    "evidence": "evidence",
    "reason": "reason",
    "created_at": "created_at",
    "updated_at": "updated_at",
}
_PAIR = ("assessor_id", "topic_id", "document_id", "vigilance")
_TAKEN_OVER = (JudgmentEvent.Kind.ACCEPTED, JudgmentEvent.Kind.BULK)
_EVENTS = """
SELECT event.assessor_id, event.topic_id, event.document_id, event.vigilance, event.kind, event.state, event.grade,
    event.previous_state, event.previous_grade, event.suggestion_grade, event.active_ms, event.away_ms,
    actor.username, event.at
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::boolean[])
    AS pair (assessor_id, topic_id, document_id, vigilance)
JOIN assessment_judgmentevent event USING (assessor_id, topic_id, document_id, vigilance)
JOIN assessment_user actor ON actor.id = event.actor_id
ORDER BY event.id
"""
_EVENT_FIELDS = (
    "kind", "state", "grade", "previous_state", "previous_grade", "suggestion_grade", "active_ms", "away_ms",
    "by", "at",
)  # fmt: skip
_NO_DUTY = {"order": None, "ranked_by": None}
FIELDS = (*_ROW, "accepted", "history", *_NO_DUTY)


def judgment_records(track: Track, chunk: int = CHUNK) -> Iterator[dict]:
    """One record with the keys FIELDS for each judgment, by assessor, topic and docid. One query a chunk and one more.

    Times are ISO 8601, what is not known is None. `accepted` tells whether the grade that stands was taken over from
    the suggestion, by its key or with others at once; None where no suggestion was shown or, as with imported files,
    nobody knows. `grade_before_reveal` is the last grade given before the suggestion came into sight (commit, then
    reveal). With `vigilance`, the pair was planted: `suggestion_grade` is the wrong label that was shown and
    `trusted_grade` the right one, None once the duty is withdrawn. `evidence` lists spans of the document's text,
    {start, end, text} in code points. `history` lists the events of the pair, oldest first. `order` is the order of the
    duty's passages, as it is now, and `ranked_by` the judge behind it, if one is; None where there is no duty.
    """
    judgments = Judgment.with_vigilance.filter(assessor__track=track)
    judgments = judgments.annotate(trusted_grade=Case(When(vigilance=True, then=_trusted_grade())), ordered=_ordered())
    judgments = judgments.order_by("assessor__name", "topic__qid", "document__docid", "vigilance")
    rows = judgments.values_list(*_PAIR, "ordered", *_ROW.values()).iterator(chunk_size=chunk)
    while block := list(islice(rows, chunk)):
        histories = _histories([row[:4] for row in block])
        for row in block:
            record = dict(zip(_ROW, row[5:], strict=True))
            for name in ("suggestion_shown_at", "created_at", "updated_at"):
                record[name] = record[name] and record[name].isoformat()
            record["evidence"] = record["evidence"] or []
            yield record | _told(record["suggestion_grade"], histories.get(row[:4], [])) | (row[4] or _NO_DUTY)


def judgment_lines(track: Track, form: str, chunk: int = CHUNK) -> Iterator[str]:
    """The records as text, each line with its newline: `form` is one of FORMATS, CSV has a line of names first.

    In CSV, `distribution`, `evidence` and `history` are JSON, None is empty, and notes and reasons are kept from being
    formulas.
    """
    records = judgment_records(track, chunk)
    if form == "jsonl":
        return (json.dumps({name: record[name] for name in FIELDS}, ensure_ascii=False) + "\n" for record in records)
    return _csv_lines(records)


def _csv_lines(records: Iterator[dict]) -> Iterator[str]:
    yield _csv_line(FIELDS)
    for record in records:
        for name in FREE_TEXT:
            record[name] = plain_text(record[name])
        for name in NESTED:
            record[name] = None if record[name] is None else json.dumps(record[name], ensure_ascii=False)
        yield _csv_line([record[name] for name in FIELDS])


def _csv_line(cells) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def _trusted_grade() -> Subquery:
    pair = {"topic": OuterRef("topic"), "document": OuterRef("document")}
    planted = PoolItem.with_planted.filter(planted_for__assessor=OuterRef("assessor"), **pair)
    return Subquery(planted.order_by("-pk").values("trusted_grade")[:1])


def _ordered() -> Subquery:
    """{order, ranked_by} of the duty that the pair was judged in: the latest under this condition whose pool has it."""
    pair = {"topic": OuterRef("topic"), "document": OuterRef(OuterRef("document"))}
    duties = Duty.objects.filter(
        Exists(PoolItem.with_planted.filter(pool=OuterRef("pool"), **pair)),
        assessor=OuterRef("assessor"),
        topic=OuterRef("topic"),
        condition=OuterRef("condition"),
    ).exclude(condition=Condition.AUTOMATIC)
    order = Coalesce(NullIf("order", Value("")), "pool__order")
    return Subquery(duties.order_by("-pk").values(json=JSONObject(order=order, ranked_by="ranked_by__name"))[:1])


def _histories(pairs: list[tuple[int, int, int, bool]]) -> dict[tuple[int, int, int, bool], list[dict]]:
    """The events of these (assessor, topic, document, planted or not) by pair, oldest first. One query."""
    found = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, [list(column) for column in zip(*pairs, strict=True)])
        for row in cursor:
            event = dict(zip(_EVENT_FIELDS, row[4:], strict=True))
            found[row[:4]].append(event | {"at": event["at"].isoformat()})
    return found


def _told(shown: int | None, history: list[dict]) -> dict:
    """What the history tells about the suggestion."""
    standing = _standing_event(history)
    accepted = standing["kind"] in _TAKEN_OVER if shown is not None and standing else None
    return {"accepted": accepted, "history": history}


def _standing_event(history: list[dict]) -> dict | None:
    """The event whose grade stands: each undo takes back the latest that was not undone before."""
    stack = []
    for event in history:
        if event["kind"] == JudgmentEvent.Kind.NOTED:
            continue
        if event["kind"] != JudgmentEvent.Kind.UNDONE:
            stack.append(event)
        elif stack:
            stack.pop()
    return stack[-1] if stack else None
