from pathlib import Path

from assessment.domain.errors import DomainError
from assessment.management.comparison_command import ComparisonCommand
from assessment.reports import Asked, as_pdf, track_report
from assessment.selectors.leaderboards import assessors_with_grades, usual_sides
from assessment.selectors.topic_names import topics_called


class Command(ComparisonCommand):
    help = (
        "Write the report of a track: settings, leaderboards, comparisons and charts in one HTML file, or a PDF where "
        "Chromium is found, with the commands that reproduce each number."
    )
    sides_required = False

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument(
            "--output", metavar="FILE", help="ends in .html or .pdf; default: TRACK-report.html in this folder"
        )

    def handle(self, *, track, manual, automatic, output, **options):
        track = self.get_track(track)
        path = Path(output or f"{track.slug}-report.html")
        if path.suffix not in (".html", ".pdf"):
            raise DomainError(f"{path} ends neither in .html nor in .pdf.")
        assessors = list(assessors_with_grades(track))
        if not (manual and automatic) and len(assessors) < 2:
            raise DomainError(f"Fewer than two assessors have judged in {track.slug}, so there is nothing to compare.")
        usual = usual_sides(assessors) if len(assessors) > 1 else ()
        first = self.get_assessor(track, manual) if manual else usual[0]
        others = [self.get_assessor(track, name) for name in dict.fromkeys(automatic or [])]
        others = others or [next(one for one in reversed(usual) if one != first)]
        topics = topics_called(track, options["topics"])
        asked = Asked(
            first, others, options["measure"], topics, options["exclude_run"], self.terms(options), self.words(options)
        )
        html = track_report(track, asked)
        try:
            path.write_bytes(as_pdf(html) if path.suffix == ".pdf" else html.encode())
        except OSError as error:
            raise DomainError(f"{path}: {error.strerror}.") from error
        self.stdout.write(str(path))
