"""What became of the labels that were shown: kept, lowered or raised.

The table of the TREC 2024 RAG study (Upadhyay et al., arXiv 2411.08275): rows are the shown grades, columns the final
ones.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PosteditFlow:
    """Counts of `n` final grades given in sight of a suggestion.

    `matrix`: int64, one row for each of `shown` and one column for each of `grades`, both ascending. `shown` holds
    the whole scale and any label outside of it that a file says was shown.
    """

    shown: list[int]
    grades: list[int]
    matrix: np.ndarray

    @property
    def n(self) -> int:
        return int(self.matrix.sum())

    @property
    def kept(self) -> int:
        return self._where(np.equal)

    @property
    def lowered(self) -> int:
        return self._where(np.less)

    @property
    def raised(self) -> int:
        return self._where(np.greater)

    @property
    def finals(self) -> list[int]:
        """How often each final grade was given."""
        return self.matrix.sum(axis=0).tolist()

    def share(self, count: int) -> float | None:
        """A count as a fraction of all; None without any."""
        return count / self.n if self.n else None

    def as_dict(self) -> dict:
        """Counts, their shares (None without a shown label) and the matrix, ready for JSON."""
        counts = {"n": self.n, "kept": self.kept, "lowered": self.lowered, "raised": self.raised}
        shares = {f"{name}_share": self.share(counts[name]) for name in ("kept", "lowered", "raised")}
        table = {"shown": self.shown, "grades": self.grades, "matrix": self.matrix.tolist()}
        return counts | shares | table

    def _where(self, final_is) -> int:
        cells = final_is(np.array(self.grades)[None, :], np.array(self.shown)[:, None])
        return int(self.matrix[cells].sum())


def postedit_flow(counts: Mapping[tuple[int, int], int], scale: Collection[int]) -> PosteditFlow:
    """The flow of `counts`, how often each (shown grade, final grade) occurs. ValueError for a final off the scale."""
    grades = sorted(scale)
    shown = sorted(set(grades) | {label for label, _ in counts})
    matrix = np.zeros((len(shown), len(grades)), dtype=np.int64)
    for (label, final), count in counts.items():
        matrix[shown.index(label), grades.index(final)] = count
    return PosteditFlow(shown, grades, matrix)
