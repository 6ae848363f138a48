"""Teams, types and language models of runs that are in the track already."""

from django.db import transaction

from assessment.domain.run_details import read_run_details
from assessment.domain.text_files import Problems, Progress, Source
from assessment.models import Run, Track

from .result import ImportResult, counted, lock_track

FIELDS = {"team": "team", "type": "kind", "models": "language_models"}


@transaction.atomic
def run_details_import(*, track: Track, source: Source, name: str, progress: Progress | None = None) -> ImportResult:
    """Takes what a file (see domain/run_details.py) says of the track's runs, all or nothing.

    A run that the file does not name stays as it is, and so does what it has no column for. Raises FileError with every
    problem: those of the file, runs that the track does not have, and words that are too long.
    """
    lock_track(track)
    problems = Problems(name)
    known = {run.tag: run for run in track.runs.only("tag", *FIELDS.values())}
    changed, named = [], 0
    for number, line in read_run_details(source, name, problems=problems, progress=progress):
        run = known.get(line.tag)
        if run is None:
            problems.add(number, "the track has no such run", line.tag)
            continue
        named += 1
        before = [getattr(run, field) for field in FIELDS.values()]
        for column, field in FIELDS.items():
            value, longest = getattr(line, column), Run._meta.get_field(field).max_length
            if value is not None and len(value) > longest:
                problems.add(number, f"the {column} is longer than {longest} characters", value)
            elif value is not None:
                setattr(run, field, value)
        if [getattr(run, field) for field in FIELDS.values()] != before:
            changed.append(run)
    problems.raise_if_any()
    Run.objects.bulk_update(changed, list(FIELDS.values()))
    summary = f"{counted(named, 'run')} named, {len(changed):,} changed."
    return ImportResult("replaced" if changed else "unchanged", summary)
