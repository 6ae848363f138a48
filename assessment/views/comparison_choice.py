"""Who is compared with whom, by which measure, over which runs and topics: the choice is in the address."""

import shlex
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.http import QueryDict

from assessment.domain.comparing import MISSING, USUAL, Terms
from assessment.domain.errors import DomainError
from assessment.domain.significance import METHODS
from assessment.models import Assessor, Topic, Track
from assessment.selectors.leaderboards import usual_sides
from assessment.selectors.sides import Sides, sides_of
from assessment.selectors.topic_names import topics_called

MEASURES = ["nDCG@10", "nDCG@20", "nDCG", "P@5", "P@10", "AP", "Bpref", "R@100", "RR", "RR@10"]


class Choice(NamedTuple):
    """`automatics` are one or more names; `shown` is the one in detail. `said` is the set of topics as
    it was typed, empty for all; `exclude` are tags of runs."""

    track: Track
    assessors: list[Assessor]
    manual: str
    automatics: list[str]
    shown: str
    measure: str
    said: str
    exclude: list[str]
    missing: str
    test: str

    @property
    def automatic(self) -> str:
        return self.automatics[0]

    @property
    def terms(self) -> Terms:
        return USUAL._replace(missing=self.missing, method=self.test)

    @property
    def is_narrowed(self) -> bool:
        """Is there more than one automatic assessor, anything left out, or a term that is not as usual?"""
        unusual = self.missing != USUAL.missing or self.test != USUAL.method
        return bool(len(self.automatics) > 1 or self.said or self.exclude or unusual)

    def chosen(self) -> list[Assessor]:
        """Manual first. DomainError for a name that has judged nothing here, and for a comparison with itself alone."""
        names = list(dict.fromkeys([self.manual, *self.automatics]))
        return [named(self.assessors, name) for name in names]

    def topics(self) -> list[Topic] | None:
        return topics_called(self.track, self.said) if self.said else None

    def sides(self) -> Sides:
        """The scores of all chosen assessors, over the topics that all of them have judged."""
        return sides_of(self.track, self.chosen(), self.measure, topics=self.topics(), exclude=self.exclude)

    @property
    def options(self) -> list[str]:
        """What is not as usual, as a command takes it."""
        words = ["--topics", self.said] if self.said else []
        for tag in self.exclude:
            words += ["--exclude-run", tag]
        words += ["--missing", self.missing] if self.missing != USUAL.missing else []
        return words + (["--test", self.test] if self.test != USUAL.method else [])

    def words(self, name: str, automatics: Sequence[str]) -> list[str]:
        """A command that compares these."""
        words = ["python3", "manage.py", name, self.track.slug, "--manual", self.manual]
        for automatic in automatics:
            words += ["--automatic", automatic]
        return [*words, "--measure", self.measure, *self.options]

    def command(self, automatics: Sequence[str]) -> str:
        return shlex.join([*self.words("compare", automatics), "--format", "json"])


def choice_in(query: QueryDict, track: Track, assessors: Sequence[Assessor]) -> Choice:
    """What the address asks for. Unsaid: people or imported qrels as manual, an LLM as automatic where there is one."""
    manual, automatic = usual_sides(assessors)
    said_manual = query.get("manual", manual.name)
    automatics = list(dict.fromkeys(query.getlist("automatic"))) or [automatic.name]
    if len(automatics) > 1:
        automatics = [name for name in automatics if name != said_manual]
    shown = query.get("shown")
    missing, test = query.get("missing", USUAL.missing), query.get("test", USUAL.method)
    return Choice(
        track=track,
        assessors=list(assessors),
        manual=said_manual,
        automatics=automatics,
        shown=shown if shown in automatics else automatics[0],
        measure=query.get("measure", MEASURES[0]).strip(),
        said=query.get("topics", "").strip(),
        exclude=[tag for tag in dict.fromkeys(query.getlist("exclude")) if tag],
        missing=missing if missing in MISSING else USUAL.missing,
        test=test if test in METHODS else USUAL.method,
    )


def named(assessors: Iterable[Assessor], name: str) -> Assessor:
    found = next((one for one in assessors if one.name == name), None)
    if found is None:
        raise DomainError(f"Nobody called {name} has judged in this track; choose another assessor.")
    return found
