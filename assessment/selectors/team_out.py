"""Leave-one-team-out of a track's runs."""

from assessment.domain.errors import DomainError
from assessment.domain.measures import parse_measure
from assessment.domain.team_out import TeamOut, leave_teams_out
from assessment.models import Assessor, Track
from assessment.selectors.matrices import grades_of, rankings_of


def team_out(track: Track, assessor: Assessor, measure: str, depth: int) -> TeamOut:
    """Every run scored without the judgments that its team alone contributed within `depth` of its runs. DomainError
    for an unknown measure, a depth below 1, a track without runs and an assessor without grades."""
    cutoff = parse_measure(measure).cutoff
    if depth < 1:
        raise DomainError(f"A pool is at least 1 deep, not {depth}.")
    rankings = rankings_of(track, depth=None if cutoff is None else max(cutoff, depth))
    if not rankings.runs:
        raise DomainError(f"The track {track.slug} has no runs yet.")
    grades = grades_of(assessor)
    if not len(grades.grades):
        raise DomainError(f"{assessor.name} has judged nothing in {track.slug} yet.")
    teams = dict(track.runs.values_list("tag", "team"))
    return leave_teams_out(rankings, grades, [teams[tag] for tag in rankings.runs], measure, depth, track.relevant_from)
