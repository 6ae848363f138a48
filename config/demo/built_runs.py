"""The demo's own runs, really computed when it is loaded: BM25, TF-IDF and LSA over the track's documents.

As in the collection's own task, each topic's judged pool is ranked; term statistics come from all documents.
"""

import gzip
import json
from collections.abc import Iterator

from assessment.domain.retrieval import rank
from config.demo.datasets import DemoTrack


def built_runs(track: DemoTrack, depth: int = 1000) -> Iterator[tuple[str, bytes]]:
    """(name, standard run file) of each model in `track.built_runs`; the name is the run tag.

    A query is the topic's title and narrative. The track's topics and documents are JSONL as this project ships them.
    """
    if not track.built_runs:
        return
    topics = [json.loads(line) for line in track.topics.read_bytes().splitlines()]
    queries = {topic["id"]: f"{topic['title']} {topic['narrative']}" for topic in topics}
    documents = [json.loads(line) for line in gzip.decompress(track.documents.read_bytes()).splitlines()]
    docids = [document["docid"] for document in documents]
    texts = [f"{document['title']} {document['segment']}" for document in documents]
    for name in track.built_runs:
        ranked = rank(name, docids, texts, queries, depth, judged_pools(track))
        lines = (
            f"{qid} Q0 {docid} {place} {score:.6f} {name}\n"
            for qid, found in ranked.items()
            for place, (docid, score) in enumerate(found, 1)
        )
        yield name, "".join(lines).encode()


def judged_pools(track: DemoTrack) -> dict[str, list[str]]:
    """The documents that stand in the track's first qrels, by topic."""
    pools: dict[str, list[str]] = {}
    for line in track.qrels[0].path.read_text(encoding="utf-8").splitlines():
        qid, _, docid, _ = line.split()
        pools.setdefault(qid, []).append(docid)
    return pools
