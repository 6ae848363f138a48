import numpy as np

from assessment.domain.measures import Grades, Rankings
from assessment.domain.team_out import contributions, leave_teams_out

# Two topics; run a and run b are one team's, run c has no team.
RANKINGS = Rankings(
    runs=["a", "b", "c"],
    topics=["t1", "t2"],
    run_index=np.array([0, 1, 2, 2], dtype=np.int32),
    topic_index=np.array([0, 0, 0, 1], dtype=np.int32),
    offsets=np.array([0, 2, 4, 6, 7]),
    documents=np.array([1, 2, 1, 3, 4, 2, 5], dtype=np.int32),
)
GRADES = Grades(
    np.array([0, 0, 0, 0, 1], dtype=np.int32),
    np.array([1, 2, 3, 4, 5], dtype=np.int32),
    np.array([1, 1, 0, 1, 1], dtype=np.int16),
)


def test_what_each_team_brought_in():
    found = contributions(RANKINGS, ["orca", "orca", "c"], depth=2)
    assert found[0, 1] == {"orca"}
    assert found[0, 2] == {"orca", "c"}
    assert (0, 2) not in contributions(RANKINGS, ["orca", "orca", "c"], depth=1)


def test_a_team_loses_what_it_alone_brought_in():
    found = leave_teams_out(RANKINGS, GRADES, ["orca", "orca", ""], "P@2", depth=2)
    rows = {row.run: row for row in found.runs}
    # Documents 1 (relevant) and 3 (not) are orca's alone; 4 and 5 are those of run c.
    assert (rows["a"].removed, rows["a"].removed_relevant) == (2, 1)
    assert (rows["a"].score, rows["a"].left_out_score) == (0.5, 0.25)  # over two topics; t2 is missing
    assert (rows["b"].score, rows["b"].left_out_score) == (0.25, 0.0)
    # Without its only judgment t2 stays a topic, with a score of 0.
    assert (rows["c"].score, rows["c"].left_out_score) == (0.75, 0.25)
    assert (rows["c"].rank, rows["c"].left_out_rank) == (1, 2)
    assert rows["c"].team == ""
    assert rows["a"].change == -0.25
