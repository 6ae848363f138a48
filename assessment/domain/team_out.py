"""Leave one team out: what would a team's runs have scored, had the team not contributed to the judgments?

The judgments of documents that only this team's runs brought in are taken away, and its runs are scored with what is
left (Zobel, SIGIR 1998; by teams: Buckley et al., Information Retrieval 10, 2007). Where that changes little, a run
that was never pooled can be scored fairly.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from assessment.domain.correlation import kendall_tau, score_ranks
from assessment.domain.measures import Grades, Rankings, evaluate, mean_scores


class LeftOut(NamedTuple):
    """A run without what its team alone brought in: `removed` judgments of its team, `removed_relevant` of them
    relevant. `rank` is among all runs with all judgments, `left_out_rank` its place when this run alone is rescored."""

    run: str
    team: str
    removed: int
    removed_relevant: int
    score: float
    left_out_score: float
    rank: int
    left_out_rank: int

    @property
    def change(self) -> float:
        """The change of the mean score, below 0 where the team profits from its own contributions."""
        return self.left_out_score - self.score


class TeamOut(NamedTuple):
    """Every run, each scored without its own team's contributions, and Kendall's tau of these scores with the scores by
    all judgments (None where undefined)."""

    runs: list[LeftOut]
    tau: float | None


def contributions(rankings: Rankings, teams: Sequence[str], depth: int) -> dict[tuple[int, int], set[str]]:
    """For every (topic index, document) among the first `depth` of a run, the teams that have it there. `teams` in the
    order of the runs."""
    found: dict[tuple[int, int], set[str]] = {}
    for place, (run, topic) in enumerate(zip(rankings.run_index.tolist(), rankings.topic_index.tolist(), strict=True)):
        start, end = int(rankings.offsets[place]), int(rankings.offsets[place + 1])
        for document in rankings.documents[start : min(end, start + depth)].tolist():
            found.setdefault((topic, document), set()).add(teams[run])
    return found


def leave_teams_out(
    rankings: Rankings, grades: Grades, teams: Sequence[str], measure: str, depth: int, relevant_from: int = 1
) -> TeamOut:
    """Rescore each team's runs without the judgments that it alone contributed within `depth` of its runs.

    `teams` has a name for each run, in the order of `rankings.runs`; a run without one ("") is a team of its own. The
    topics stay those of all judgments: one that has lost every judgment scores 0. DomainError as in `mean_scores`.
    """
    named = [team or f"\0{run}" for team, run in zip(teams, rankings.runs, strict=True)]
    brought = contributions(rankings, named, depth)
    pairs = list(zip(grades.topic_index.tolist(), grades.documents.tolist(), strict=True))
    sole = np.array([next(iter(by)) if len(by := brought.get(pair, ())) == 1 else "" for pair in pairs], dtype=object)
    whole = evaluate(rankings, grades, [measure], relevant_from)
    means = mean_scores(whole.scores[measure])
    ranks = score_ranks(means)
    rows: list[LeftOut] = []
    for team in dict.fromkeys(named):
        gone = sole == team
        kept = Grades(*(column[~gone] for column in grades))
        found = evaluate(rankings, kept, [measure], relevant_from)
        rescored = found.scores[measure].sum(axis=1) / len(whole.topics)
        relevant = int((grades.grades[gone] >= relevant_from).sum())
        for run in (place for place, own in enumerate(named) if own == team):
            changed = means.copy()
            changed[run] = rescored[run]
            rows.append(
                LeftOut(
                    rankings.runs[run],
                    teams[run],
                    int(gone.sum()),
                    relevant,
                    float(means[run]),
                    float(rescored[run]),
                    int(ranks[run]),
                    int(score_ranks(changed)[run]),
                )
            )
    rows.sort(key=lambda row: (row.rank, row.run))
    return TeamOut(rows, kendall_tau([row.score for row in rows], [row.left_out_score for row in rows]))
