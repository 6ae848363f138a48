"""What the commands about one track share."""

import os
import sys
import time
from pathlib import Path

from django.core.management.base import BaseCommand

from assessment.domain.errors import DomainError, FileError
from assessment.models import Assessor, Track
from assessment.services.imports import ImportResult

SHOWN_PROBLEMS = 100


class TrackCommand(BaseCommand):
    """A command whose first argument is the track's short name. Results on standard output, all else on stderr."""

    def add_arguments(self, parser):
        parser.add_argument("track", metavar="TRACK", help="the track's short name")

    def get_track(self, slug: str) -> Track:
        track = Track.objects.filter(slug=slug).first()
        if track is None:
            known = ", ".join(Track.objects.order_by("slug").values_list("slug", flat=True)) or "none yet"
            raise DomainError(f"There is no track {slug!r}; there are: {known}. `create_track {slug}` makes it.")
        return track

    def get_assessor(self, track: Track, name: str) -> Assessor:
        assessor = track.assessors.filter(name=name).first()
        if assessor is None:
            known = ", ".join(track.assessors.values_list("name", flat=True)) or "none yet"
            raise DomainError(f"{track.slug} has no assessor {name!r}; there are: {known}.")
        return assessor


class ImportCommand(TrackCommand):
    """Files into a track: each is stored whole or not at all; exit 1 if any was refused."""

    def import_files(self, files: list[str], load) -> None:
        """Call `load(path, progress)` for each file and report."""
        refused = sum(not self._import_one(Path(file), load) for file in files)
        if refused:
            raise DomainError(f"{refused} of {len(files)} files refused." if len(files) > 1 else "Nothing was stored.")

    def _import_one(self, path: Path, load) -> bool:
        try:
            with ProgressBar(path) as progress:
                result: ImportResult = load(path, progress)
        except OSError as error:
            self.stderr.write(f"{path}: {error.strerror}")
            return False
        except FileError as error:
            self.stderr.write(str(error))
            for problem in error.problems[:SHOWN_PROBLEMS]:
                self.stderr.write(f"  {problem}")
            if len(error.problems) > SHOWN_PROBLEMS:
                self.stderr.write(f"  … and {len(error.problems) - SHOWN_PROBLEMS:,} more.")
            return False
        except DomainError as error:
            self.stderr.write(str(error))
            return False
        for warning in result.warnings[:SHOWN_PROBLEMS]:
            self.stderr.write(f"{path.name}: warning: {warning}")
        if len(result.warnings) > SHOWN_PROBLEMS:
            self.stderr.write(f"{path.name}: … and {len(result.warnings) - SHOWN_PROBLEMS:,} more warnings.")
        self.stdout.write(f"{result.status}: {result.summary}")
        return True


class ProgressBar:
    """A bar on standard error for a file that takes longer than a second; nothing at all for a quick one."""

    def __init__(self, path: Path):
        self.name = path.name
        self.total = path.stat().st_size
        self.began = time.monotonic()
        self.shown = 0.0

    def __enter__(self):
        return self

    def __call__(self, consumed: int) -> None:
        """Draw the share of the file's bytes that is read, at most ten times a second."""
        now = time.monotonic()
        if now - self.began < 1 or now - self.shown < 0.1 or not sys.stderr.isatty() and now - self.shown < 5:
            return
        self.shown = now
        share = min(1.0, consumed / self.total) if self.total else 1.0
        bar = ("#" * round(30 * share)).ljust(30, ".")
        said = "checked, storing …" if share == 1 else ""
        end = "" if sys.stderr.isatty() else os.linesep
        sys.stderr.write(f"\r{self.name} [{bar}] {share:4.0%} {said}{end}")
        sys.stderr.flush()

    def __exit__(self, *_):
        if self.shown and sys.stderr.isatty():
            sys.stderr.write("\r\033[K")
