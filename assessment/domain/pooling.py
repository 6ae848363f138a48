"""Depth-k pools: what the first k documents of the chosen runs are, who brought them, and in which order to judge them.

The runs and ranks of an entry are for organizers and analyses; assessors never see them.
"""

import hashlib
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

SHUFFLE, DOCID, BEST_RANK, MOVE_TO_FRONT = "shuffle", "docid", "best_rank", "move_to_front"
ORDERS = (SHUFFLE, DOCID, BEST_RANK, MOVE_TO_FRONT)


class PoolEntry(NamedTuple):
    """A pooled document of one topic: its best rank (from 1) and the (run index, rank) of every run that brought it."""

    document: Any
    best_rank: int
    runs: tuple[tuple[int, int], ...]


def topic_pool(rankings: Mapping[Any, Sequence[Hashable]], depths: int | Mapping[Any, int]) -> list[PoolEntry]:
    """The pool of one topic from the documents of each chosen run in trec_eval's order.

    `depths` is one depth for all, or that of each run. A run index counts the runs in the order of `rankings`. Entries
    come by best rank, then by the run that had it first; a run without the topic is left out or has no documents.
    ValueError for a depth below 1.
    """
    found: dict[Hashable, list[tuple[int, int]]] = {}
    for index, (run, documents) in enumerate(rankings.items()):
        depth = depths if isinstance(depths, int) else depths[run]
        if depth < 1:
            raise ValueError(f"a pool of depth {depth} holds nothing")
        for rank, document in enumerate(documents[:depth], 1):
            found.setdefault(document, []).append((index, rank))
    entries = [PoolEntry(document, min(rank for _, rank in runs), tuple(runs)) for document, runs in found.items()]
    return sorted(entries, key=lambda entry: (entry.best_rank, entry.runs))


def ordered(
    entries: Iterable[PoolEntry], order: str, *, seed: int, topic: str, docid: Callable[[Any], str]
) -> list[PoolEntry]:
    """The entries of one topic in one of ORDERS; `docid` gives the docid of an entry's document.

    The shuffle sorts by `lot`: it is the same on every machine, whatever the numbers that a database gave the
    documents, and an entry that is added later moves no other. Every order ends ties by docid.
    """
    if order == SHUFFLE:
        return sorted(entries, key=lambda entry: (lot(seed, topic, docid(entry.document)), docid(entry.document)))
    if order == DOCID:
        return sorted(entries, key=lambda entry: docid(entry.document))
    if order in (BEST_RANK, MOVE_TO_FRONT):  # who moves to the front is known only while judging
        return sorted(entries, key=lambda entry: (entry.best_rank, docid(entry.document)))
    raise ValueError(f"{order!r} is none of the orders {', '.join(ORDERS)}")


def lot(seed: int, topic: str, docid: str) -> int:
    """A number from 0 to 2^63 - 1 for a pair, by a hash of seed, topic id and docid: the same on every machine."""
    digest = hashlib.sha256(f"{seed}\0{topic}\0{docid}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
