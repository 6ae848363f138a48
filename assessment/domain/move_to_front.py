"""Move-to-front pooling: which document to judge next, given what is judged (Cormack, Palmer & Clarke, SIGIR 1998).

Every run of a topic begins with the same priority. Documents are taken from one run, in rank order, for as long as they
are relevant; one that is not lowers the run's priority by one, and the best of the others comes to the front. This is
the local variant, one topic at a time. Ties go to the run that was named first.

Nothing is kept between two judgments: the order is replayed from the start against the labels there are. So grades
that change, come out of turn or come from elsewhere need no bookkeeping, and the same labels give the same document.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence


def following(rankings: Sequence[Sequence[Hashable]], judged: Mapping[Hashable, bool]) -> Iterator[Hashable]:
    """The unjudged documents in the order in which they are to be judged, each once.

    `rankings` are the pooled documents of each run in rank order; `judged` says of each judged document whether it is
    relevant. A judged document is taken, with its label, where its turn comes, but not yielded; one that another run
    had before is passed over. The label of a yielded document is looked up when the next one is asked for. While
    there is none, it is no news: its run stays in front.
    """
    taken: set[Hashable] = set()
    runs = [iter(documents) for documents in rankings]
    # The run in front has the highest priority and falls by one step at a time, so no two runs are ever more than one
    # step apart: they come to the front in turn, in rounds, and need no queue by priority.
    while runs:
        unfinished = []
        for documents in runs:
            for document in documents:
                if document in taken:
                    continue
                taken.add(document)
                relevant = judged.get(document)
                if relevant is None:
                    yield document
                    relevant = judged.get(document, True)
                if not relevant:
                    unfinished.append(documents)
                    break
        runs = unfinished
