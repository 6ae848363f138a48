"""Reading retrieval runs, and the one order of a ranking.

A run has six columns parted by white space, `topic Q0 docid rank score run_tag`, one tag per file. Lines that start
with `#` are comments (trec_eval 10); blank lines are skipped. The order of a ranking is trec_eval's: scores compared as
32-bit floats, descending, and equal scores by docid descending in the byte order of UTF-8. The rank column is checked
and reported, never trusted; `Q0` may be any token.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np

from assessment.domain.errors import Problem
from assessment.domain.text_files import MAX_ID_LENGTH, Problems, Progress, Source, id_problem, line_blocks, shown

COLUMNS = 6
NUMBER_CHARACTERS = b"0123456789+-.eE"
TOPICS_NAMED = 10


class Ranked(NamedTuple):
    """One topic's ranking in trec_eval's order: n docids and their n scores (float32)."""

    docids: list[str]
    scores: np.ndarray


class Run(NamedTuple):
    """A run as read. `topics` are in the file's order; `lines` counts the lines that became part of a ranking.

    `sha256` is the digest of the decompressed text, with LF after the last line, without a byte-order mark.
    `skipped` counts the lines of each unknown topic that were left out.
    """

    tag: str
    topics: list[str]
    rankings: dict[str, Ranked]
    lines: int
    sha256: str
    warnings: list[Problem]
    skipped: dict[str, int]


def ranked(docids: Sequence[str], scores: Sequence[float] | np.ndarray) -> Ranked:
    """The documents of one topic in trec_eval's order (m_map.c and the others sort by `sim` (float), then docno)."""
    scores = np.asarray(scores, dtype=np.float32)
    order = np.argsort(-scores, kind="stable")
    scores = scores[order]
    places = order.tolist()
    for start, end in _tied_spans(scores):
        # Python compares strings by code point, which is the byte order of UTF-8
        places[start:end] = sorted(places[start:end], key=docids.__getitem__, reverse=True)
    return Ranked([docids[place] for place in places], scores)


def _tied_spans(scores: np.ndarray) -> Iterator[tuple[int, int]]:
    """The (start, end) of each stretch of two or more equal scores."""
    changes = np.flatnonzero(scores[1:] != scores[:-1]) + 1
    if len(changes) + 1 >= len(scores):
        return
    bounds = [0, *changes.tolist(), len(scores)]
    for start, end in zip(bounds, bounds[1:], strict=False):
        if end - start > 1:
            yield start, end


def read_run(
    source: Source,
    name: str,
    *,
    known_topics: Collection[str] | None = None,
    skip_unknown_topics: bool = False,
    progress: Progress | None = None,
) -> Run:
    """Read and check a whole run.

    `known_topics` (None: any topic is fine) are those of the track; a topic outside is an error, or its lines are
    counted and left out. FileError lists every problem. Warnings: ranks that contradict scores or are no numbers (one a
    topic, at its first such line), known topics without a ranking, tied scores.
    """
    problems = Problems(name)
    table, sha256 = _read_table(source, problems, progress)
    tag = _one_tag(table, problems)
    known = None if known_topics is None else frozenset(known_topics)
    skipped: dict[str, int] = {}
    rankings: dict[str, Ranked] = {}
    warnings: list[Problem] = []
    for topic, rows in _by_topic(table.topics):
        if known is not None and topic not in known:
            skipped[topic] = len(rows)
            if not skip_unknown_topics:
                many = f" (the first of {len(rows)} lines)" if len(rows) > 1 else ""
                problems.add(table.numbers[rows[0]], f"topic {topic} is not in the track{many}", table.lines[rows[0]])
            continue
        docids = [table.docids[row] for row in rows]
        if len(set(docids)) < len(docids):
            _add_duplicates(table, rows, topic, problems)
        scores = table.scores[rows]
        rankings[topic] = ranked(docids, scores)
        warnings += _rank_warnings(table, topic, rows, scores)
    if not rankings and not problems:
        problems.add(0, "no topic of this run is in the track" if skipped else "there is no line of a run in this file")
    problems.raise_if_any()
    warnings = _missing_warnings(known_topics, rankings) + _tie_warnings(rankings) + warnings
    lines = sum(len(ranking.docids) for ranking in rankings.values())
    return Run(tag, list(rankings), rankings, lines, sha256, warnings, skipped if skip_unknown_topics else {})


class _Table(NamedTuple):
    """The good lines of a file by columns; `lines` are the lines as they stand, `scores` float32."""

    numbers: list[int]
    lines: list[bytes]
    topics: list[str]
    docids: list[str]
    ranks: list[bytes]
    scores: np.ndarray
    tags: list[str]


def _read_table(source: Source, problems: Problems, progress: Progress | None) -> tuple[_Table, str]:
    digest = hashlib.sha256()
    numbers: list[int] = []
    lines: list[bytes] = []
    rows: list[list[bytes]] = []
    for first, block in line_blocks(source, problems.name, problems=problems, progress=progress):
        digest.update(b"\n".join([line or b"" for line in block]) + b"\n")
        for column, values in zip((numbers, lines, rows), _six_columns(block, first, problems), strict=True):
            column.extend(values)
    scores = _scores(rows, numbers, lines, problems)
    topics, _, docids, ranks, _, tags = zip(*rows, strict=True) if rows else [()] * COLUMNS
    return _Table(numbers, lines, _text(topics), _text(docids), ranks, scores, _text(tags)), digest.hexdigest()


def _six_columns(
    block: list[bytes | None], first: int, problems: Problems
) -> tuple[Sequence[int], Sequence[bytes], list[list[bytes]]]:
    """The numbers, the text and the columns of a block's good lines: blockwise, or line by line if anything is odd."""
    if None not in block:
        rows = [line.split() for line in block]
        plain = {*map(len, rows)} == {COLUMNS} and max(map(len, block)) <= MAX_ID_LENGTH
        if plain and not any(b"\0" in line or line[0] == ord("#") for line in block):
            return range(first, first + len(block)), block, rows
    good = []
    for number, line in enumerate(block, first):
        columns = [] if line is None else line.split()
        if not columns or columns[0].startswith(b"#"):
            continue
        if len(columns) != COLUMNS:
            problems.add(number, f"{len(columns)} columns instead of {COLUMNS}", line)
            continue
        reasons = [id_problem(columns[place].decode()) for place in (0, 2, 5)]
        for reason in filter(None, reasons):
            problems.add(number, reason, line)
        if not any(reasons):
            good.append((number, line, columns))
    numbers, lines, rows = ([row[place] for row in good] for place in range(3))
    return numbers, lines, rows


def _text(column: Sequence[bytes]) -> list[str]:
    """Decode a column at once; its tokens hold no white space, so a line feed can part them."""
    return b"\n".join(column).decode("utf-8").split("\n") if column else []


def _scores(rows: list[list[bytes]], numbers: list[int], lines: list[bytes], problems: Problems) -> np.ndarray:
    """The scores as float32, n; those that are no finite 32-bit number become 0 and a problem."""
    tokens = [row[4] for row in rows]
    scores, bad = _floats(tokens)
    for place in bad:
        not_finite = tokens[place].lower().lstrip(b"+-") in (b"nan", b"inf", b"infinity")
        problems.add(numbers[place], f"the score is {'not finite' if not_finite else 'not a number'}", lines[place])
    with np.errstate(over="ignore"):
        narrow = scores.astype(np.float32)
    for place in np.flatnonzero(~np.isfinite(narrow)).tolist():
        problems.add(numbers[place], "the score is beyond the range of 32-bit floats, as trec_eval has", lines[place])
    return narrow


def _floats(tokens: list[bytes]) -> tuple[np.ndarray, list[int]]:
    """The tokens as float64, and the places of those that are not written as decimal numbers (0 in the array)."""
    if not b"".join(tokens).translate(None, NUMBER_CHARACTERS):
        try:
            return np.array(list(map(float, tokens)), dtype=np.float64), []
        except ValueError:
            pass
    values = np.zeros(len(tokens))
    bad = []
    for place, token in enumerate(tokens):
        try:
            if token.translate(None, NUMBER_CHARACTERS):
                raise ValueError
            values[place] = float(token)
        except ValueError:
            bad.append(place)
    return values, bad


def _one_tag(table: _Table, problems: Problems) -> str:
    """The tag of the first line; every other tag is a problem at its first line."""
    counts = Counter(table.tags)
    tag = table.tags[0] if table.tags else ""
    if len(counts) > 1:
        for row, other in enumerate(table.tags):
            if other != tag and (count := counts.pop(other, 0)):
                where = f", on {count} lines" if count > 1 else ""
                message = f"another run tag than {tag}{where}; a file holds one run"
                problems.add(table.numbers[row], message, table.lines[row])
    return tag


def _by_topic(topics: list[str]) -> Iterator[tuple[str, list[int]]]:
    """Each topic with the places of its lines, in the order of first appearance."""
    rows: dict[str, list[int]] = {}
    start = 0
    for topic, group in groupby(topics):
        end = start + sum(1 for _ in group)
        rows.setdefault(topic, []).extend(range(start, end))
        start = end
    yield from rows.items()


def _add_duplicates(table: _Table, rows: list[int], topic: str, problems: Problems) -> None:
    first_line: dict[str, int] = {}
    for row in rows:
        first = first_line.setdefault(table.docids[row], table.numbers[row])
        if first != table.numbers[row]:
            message = f"document {table.docids[row]} is already on line {first} for topic {topic}"
            problems.add(table.numbers[row], message, table.lines[row])


def _rank_warnings(table: _Table, topic: str, rows: list[int], scores: np.ndarray) -> list[Problem]:
    """At most one warning: a line that stands below another by its rank and above it by its score."""
    ranks, bad = _floats([table.ranks[row] for row in rows])
    if bad:
        message = f"topic {topic}: the rank is not a number; documents are ordered by score"
        return [_warning(table, rows[bad[0]], message)]
    order = np.lexsort((-scores, ranks))
    rises = np.flatnonzero(scores[order][1:] > scores[order][:-1])
    if not len(rises):
        return []
    message = f"topic {topic}: ranks contradict scores; documents are ordered by score"
    return [_warning(table, rows[int(order[rises + 1].min())], message)]


def _warning(table: _Table, row: int, message: str) -> Problem:
    return Problem(table.numbers[row], message, shown(table.lines[row]))


def _missing_warnings(known_topics: Collection[str] | None, rankings: dict[str, Ranked]) -> list[Problem]:
    missing = [topic for topic in known_topics or () if topic not in rankings]
    if not missing:
        return []
    named = ", ".join(missing[:TOPICS_NAMED]) + (", …" if len(missing) > TOPICS_NAMED else "")
    return [Problem(0, f"{len(missing)} of the track's {len(known_topics)} topics have no ranking", named)]


def _tie_warnings(rankings: dict[str, Ranked]) -> list[Problem]:
    tied = sum(end - start for ranking in rankings.values() for start, end in _tied_spans(ranking.scores))
    if not tied:
        return []
    return [
        Problem(0, f"{tied} lines share their score with another of the topic; ties are ordered by docid, descending")
    ]
