"""Make the demo's data from the collected public data: `python -m config.demo.build_data [--data DIR]`.

Run it only to change what is shipped; its output is committed. The same input gives the same bytes. It reads DIR (by
default `ASSAY_DATA`, or `../shared/data` beside the checkout) and writes beside itself

* `data/csfcube/`: topics, documents, the qrels of two annotators and the adjudicated ones, SPECTER's run, the licence;
* `data/dl21/`: topics, runs and both qrels, copied as they are;
* `data/rag24/`: NIST's assignments of the ten topics with the fewest nuggets, as they are; these topics.

`track.yaml` and `ATTRIBUTION.md` in these folders are written by hand and left alone.

CSFCube's `readable_annotations/<paper>-<facet>-adju.txt` holds one topic: blocks between lines of `=`, first the query
paper, then each paper of its pool. A block's lines are `paper_id: 1; YEAR: 2014`, `adju relevance: Similar (+2)`,
`difference: 1; annotator4: 2; annotator3: 3` (−1: could not be judged), `sources: …`, `TITLE: …`, and one line a
sentence of the abstract, `method_label: …`, the first of them after `ABSTRACT: `.
"""

import argparse
import gzip
import json
import os
import re
import shutil
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

TARGET = Path(__file__).parent / "data"
DEFAULT_DATA = Path(__file__).parents[2].parent / "shared" / "data"

ANNOTATORS = ("annotator3", "annotator4")
TOPICS_PER_FACET = 4
RELEVANT_FROM = 2
NUGGET_TOPICS = 10


class Facet(NamedTuple):
    """An aspect of a paper by which topics ask for similar ones: the labels of its sentences, and how it is called."""

    labels: tuple[str, ...]
    wording: str


FACETS = {
    "background": Facet(("background", "objective"), "background and aim"),
    "method": Facet(("method",), "method"),
    "result": Facet(("result",), "results"),
}


class Paper(NamedTuple):
    """A paper as CSFCube gives it; `sentences` are (label, text) in the abstract's order, `year` may be unknown."""

    pid: str
    year: int | None
    title: str
    sentences: tuple[tuple[str, str], ...]


class Judged(NamedTuple):
    """One paper of a topic's pool: the grade of each annotator by name (−1: not judged), and the adjudicated one."""

    paper: Paper
    grades: dict[str, int]
    adjudicated: int


class Topic(NamedTuple):
    """A query paper, the facet that is asked for, and the judged pool without the query paper itself."""

    facet: str
    paper: Paper
    pool: tuple[Judged, ...]

    @property
    def id(self) -> str:
        return f"{self.paper.pid}_{self.facet}"


def _fields(block: str) -> dict[str, str]:
    """The `NAME: value` lines of a block; the sentences stay together, one a line, under ABSTRACT."""
    head, _, abstract = block.strip().partition("\nABSTRACT: ")
    fields = dict(line.split(": ", 1) for line in head.split("\n"))
    return {**fields, "ABSTRACT": abstract}


def _paper(fields: dict[str, str]) -> Paper:
    pid, year = fields["paper_id"].split("; YEAR: ")
    sentences = (line.split("_label: ", 1) for line in fields["ABSTRACT"].split("\n"))
    return Paper(
        pid=pid,
        year=None if year == "None" else int(year),
        title=fields["TITLE"],
        sentences=tuple((label, text) for label, text in sentences),
    )


def _judged(fields: dict[str, str]) -> Judged:
    grades = dict(part.split(": ") for part in fields["difference"].split("; ")[1:])
    adjudicated = re.search(r"\(\+?(\d)\)$", fields["adju relevance"]).group(1)
    return Judged(_paper(fields), {name: int(grade) for name, grade in grades.items()}, int(adjudicated))


def read_topics(archive: Path) -> Iterator[Topic]:
    """Every topic of CSFCube's readable annotations (a tar archive)."""
    with tarfile.open(archive) as files:
        for member in files:
            if not member.isfile():
                continue
            facet = Path(member.name).stem.split("-")[1]
            blocks = re.split(r"^=+$", files.extractfile(member).read().decode(), flags=re.MULTILINE)
            query, *pool = [_fields(block) for block in blocks if block.strip()]
            paper = _paper(query)
            judged = (_judged(fields) for fields in pool)
            yield Topic(facet, paper, tuple(item for item in judged if item.paper.pid != paper.pid))


def choose_topics(topics: Iterable[Topic]) -> list[Topic]:
    """Of the topics judged by both `ANNOTATORS`, the same number for each facet, from different papers.

    Within a facet: fewest pairs that an annotator could not judge, then most relevant papers, then the topic's id.
    """

    def preference(topic: Topic) -> tuple:
        refused = sum(grade < 0 for item in topic.pool for grade in item.grades.values())
        relevant = sum(item.adjudicated >= RELEVANT_FROM for item in topic.pool)
        return refused, -relevant, topic.id

    shared = [topic for topic in topics if all(item.grades.keys() == {*ANNOTATORS} for item in topic.pool)]
    chosen: list[Topic] = []
    for facet in FACETS:
        taken = {topic.paper.pid for topic in chosen}
        free = [topic for topic in shared if topic.facet == facet and topic.paper.pid not in taken]
        chosen += sorted(free, key=preference)[:TOPICS_PER_FACET]
    return sorted(chosen, key=lambda topic: topic.id)


def topic_record(topic: Topic) -> dict[str, str]:
    """A topic in the standard JSONL format: what is asked, the facet's sentences, then the rest for context."""
    labels, wording = FACETS[topic.facet]
    asked = " ".join(text for label, text in topic.paper.sentences if label in labels)
    rest = " ".join(text for label, text in topic.paper.sentences if label not in labels)
    return {
        "id": topic.id,
        "title": topic.paper.title,
        "narrative": f"Which papers resemble this one in their {wording}? Other likenesses do not count.\n\n"
        f"Its {wording}: {asked}\n\nThe rest of its abstract, for context: {rest}",
    }


def document_record(paper: Paper) -> dict:
    """A document in the standard JSONL format. `facets` keeps the sentences: [start, end) in `segment`, and label."""
    facets, position = [], 0
    for label, text in paper.sentences:
        facets.append([position, position + len(text), label])
        position += len(text) + 1
    segment = " ".join(text for _, text in paper.sentences)
    return {"docid": paper.pid, "title": paper.title, "segment": segment, "year": paper.year, "facets": facets}


def _documents(topics: Iterable[Topic]) -> list[Paper]:
    papers: dict[str, Paper] = {}
    for topic in topics:
        for item in topic.pool:
            if papers.setdefault(item.paper.pid, item.paper) != item.paper:
                raise ValueError(f"{item.paper.pid} has two texts in CSFCube; say here which one to ship.")
    return [papers[pid] for pid in sorted(papers)]


def _qrels(topics: Iterable[Topic], grade_of) -> str:
    """Standard qrels, by topic then docid."""
    rows = [(topic.id, item.paper.pid, grade_of(item)) for topic in topics for item in topic.pool]
    return "".join(f"{qid} 0 {docid} {grade}\n" for qid, docid, grade in sorted(rows))


def _specter_run(topics: Iterable[Topic], source: Path) -> str:
    """SPECTER's ranking of each pool as a standard run: its distances, where less is nearer, become negative scores."""
    lines = []
    for topic in topics:
        ranked = json.loads(gzip.decompress((source / f"specter-{topic.facet}-ranked.json.gz").read_bytes()))
        pool = {item.paper.pid for item in topic.pool}
        kept = [(docid, distance) for docid, distance in ranked[topic.paper.pid] if docid in pool]
        kept.sort(key=lambda pair: pair[1])
        lines += [
            f"{topic.id} Q0 {docid} {place} {-distance:.6f} SPECTER\n"
            for place, (docid, distance) in enumerate(kept, 1)
        ]
    return "".join(lines)


def _json_lines(records: Iterable[dict]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def build_csfcube(source: Path, target: Path) -> None:
    """The chosen topics of CSFCube in `source`, in standard formats in `target`."""
    topics = choose_topics(read_topics(source / "readable_annotations.tar.xz"))
    target.mkdir(parents=True, exist_ok=True)
    documents = _json_lines(map(document_record, _documents(topics)))
    (target / "documents.jsonl.gz").write_bytes(gzip.compress(documents.encode(), mtime=0))
    (target / "topics.jsonl").write_text(_json_lines(map(topic_record, topics)), encoding="utf-8")
    for name in ANNOTATORS:
        (target / f"{name}.qrels").write_text(_qrels(topics, lambda item, name=name: item.grades[name]))
    (target / "adjudicated.qrels").write_text(_qrels(topics, lambda item: item.adjudicated))
    (target / "specter.run").write_text(_specter_run(topics, source))
    shutil.copyfile(source / "LICENSE.md", target / "LICENSE.md")


def build_dl21(source: Path, target: Path) -> None:
    """The files of the Deep Learning track in `source`, unchanged, under short names in `target`."""
    target.mkdir(parents=True, exist_ok=True)
    for original, name in {
        "topics.judged53.tsv.gz": "topics.tsv.gz",
        "qrels.nist.txt.gz": "nist.qrels.gz",
        "qrels.umbrela-gpt-4o.txt.gz": "umbrela-gpt-4o.qrels.gz",
        "runs.63systems.judged53topics.top20.tar.xz": "runs.tar.xz",
    }.items():
        shutil.copyfile(source / original, target / name)


def build_rag24(source: Path, target: Path) -> None:
    """Of NIST's assignments the topics with the fewest nuggets: a judge is soon through with them."""
    target.mkdir(parents=True, exist_ok=True)
    with gzip.open(source / "nugget_assignment.20241108.jsonl.gz", "rt", encoding="utf-8") as lines:
        answers = [(json.loads(line), line) for line in lines]
    size = {answer["qid"]: len(answer["nuggets"]) for answer, _ in answers}
    chosen = sorted(size, key=lambda qid: (size[qid], qid))[:NUGGET_TOPICS]
    kept = "".join(line for answer, line in answers if answer["qid"] in chosen)
    (target / "nugget_assignment.jsonl.gz").write_bytes(gzip.compress(kept.encode(), mtime=0))
    query = {answer["qid"]: answer["query"] for answer, _ in answers}
    (target / "topics.tsv").write_text("".join(f"{qid}\t{query[qid]}\n" for qid in chosen), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the demo's data from the collected public data.")
    default = Path(os.environ.get("ASSAY_DATA", DEFAULT_DATA))
    parser.add_argument("--data", type=Path, default=default, help="folder that holds csfcube/, dl21/ and rag24/")
    parser.add_argument("--target", type=Path, default=TARGET, help="where to write (default: beside this script)")
    options = parser.parse_args()
    build_csfcube(options.data / "csfcube", options.target / "csfcube")
    build_dl21(options.data / "dl21", options.target / "dl21")
    build_rag24(options.data / "rag24", options.target / "rag24")
    for path in sorted(options.target.glob("*/*")):
        print(f"{path.stat().st_size:>9,}  {path.relative_to(options.target)}")


if __name__ == "__main__":
    main()
