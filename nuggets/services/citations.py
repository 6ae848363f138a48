"""Documents that answers cite, into a pool: judged, they say whether an answer's sentences are supported."""

from collections.abc import Sequence

from assessment.domain.errors import DomainError
from assessment.models import Pool, Track, User
from assessment.services.imports.result import counted
from assessment.services.pools import pool_add_documents, pool_of_documents
from nuggets.models import AnswerRun
from nuggets.selectors.citations import Citations, UnknownDocid, citations_of


class UnknownCitations(DomainError):
    """Answers cite what the collection does not have; `unknown` says where."""

    def __init__(self, unknown: list[UnknownDocid]):
        self.unknown = unknown
        first = unknown[0]
        super().__init__(
            f"{counted(len(unknown), 'citation')} of documents that the collection does not have, the first in "
            f"{first.run}, topic {first.topic}: {first.docid}. Nothing was stored; load them, or leave these out."
        )


def citations_pool(
    *,
    pool: Pool,
    runs: Sequence[AnswerRun] | None = None,
    most: int | None = None,
    leave_out_unknown: bool = False,
) -> int:
    """Add to a pool what answers of these runs (None: all of the track's) cite to its topics, of each sentence the
    `most` strongest citations (None: all); return the items added.

    Raises UnknownCitations unless they are left out, DomainError where nothing is cited and as `pool_add_documents`.
    """
    found = _known_citations(pool.track, runs, most, leave_out_unknown)
    return pool_add_documents(pool=pool, places=found.places)


def citations_pool_create(
    *,
    track: Track,
    name: str,
    runs: Sequence[AnswerRun] | None = None,
    most: int | None = None,
    leave_out_unknown: bool = False,
    by: User | None = None,
) -> Pool:
    """A new pool of what answers cite. The rest as in `citations_pool`; DomainError for the name of another pool."""
    found = _known_citations(track, runs, most, leave_out_unknown)
    return pool_of_documents(track=track, name=name, places=found.places, by=by)


def checked_citations(*, track: Track, runs: Sequence[AnswerRun] | None = None, most: int | None = None) -> Citations:
    """DomainError where nothing is cited, and for what cannot be asked for."""
    if most is not None and most < 1:
        raise DomainError("At least one citation of each sentence is wanted, or all of them.")
    strangers = [run.tag for run in runs or () if run.track_id != track.pk]
    if strangers:
        raise DomainError(f"These runs are of another track: {', '.join(strangers)}.")
    found = citations_of(track, runs, most)
    if not found.answers:
        raise DomainError("None of these answers cites anything.")
    return found


def _known_citations(
    track: Track, runs: Sequence[AnswerRun] | None, most: int | None, leave_out_unknown: bool
) -> Citations:
    found = checked_citations(track=track, runs=runs, most=most)
    if found.unknown and not leave_out_unknown:
        raise UnknownCitations(found.unknown)
    return found
