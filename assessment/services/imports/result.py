"""What an import says when it is done."""

from dataclasses import dataclass, field
from typing import Literal

from django.db import models

from assessment.domain.errors import Problem
from assessment.models import Track


@dataclass(frozen=True)
class ImportResult:
    """`status`: the file was stored, replaced something, or was already there to the letter.

    `object` is the run or assessor that the file became, None for topics and documents.
    """

    status: Literal["stored", "replaced", "unchanged"]
    summary: str
    warnings: list[Problem] = field(default_factory=list)
    object: models.Model | None = None


def lock_track(track: Track) -> None:
    """Two uploads of one name wait for each other instead of colliding. Call inside a transaction."""
    Track.objects.select_for_update().get(pk=track.pk)


def counted(number: int, noun: str) -> str:
    """`1 line`, `2,000 lines`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def skipped_warnings(skipped: dict[str, int]) -> list[Problem]:
    """What was left out of a file, from the count of lines of each topic that the track has not."""
    if not skipped:
        return []
    said = f"{counted(sum(skipped.values()), 'line')} of {counted(len(skipped), 'topic')} left out: not in the track"
    named = ", ".join(list(skipped)[:10]) + (", …" if len(skipped) > 10 else "")
    return [Problem(0, said, named)]
