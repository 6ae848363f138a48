from assessment.management.track_command import ImportCommand
from assessment.services.imports import run_import


class Command(ImportCommand):
    help = "Add runs (six columns, .gz too) to a track. A run's name is its sixth column, never the file's name."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("files", metavar="FILE", nargs="+")
        parser.add_argument("--replace", action="store_true", help="overwrite runs that have the same tag")
        parser.add_argument(
            "--skip-unknown-topics", action="store_true", help="count lines of topics that the track has not, go on"
        )

    def handle(self, *, track, files, replace, skip_unknown_topics, **options):
        track = self.get_track(track)
        self.import_files(
            files,
            lambda path, progress: run_import(
                track=track,
                source=path,
                name=path.name,
                replace=replace,
                skip_unknown_topics=skip_unknown_topics,
                progress=progress,
            ),
        )
