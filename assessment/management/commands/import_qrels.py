from assessment.management.track_command import ImportCommand
from assessment.services.imports import qrels_import


class Command(ImportCommand):
    help = "Add a qrels file (four columns, .gz too) to a track, as the judgments of an imported assessor."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--assessor", required=True, metavar="NAME", help="made on first use")
        parser.add_argument("--replace", action="store_true", help="overwrite this assessor's judgments")
        parser.add_argument(
            "--skip-unknown-topics", action="store_true", help="count lines of topics that the track has not, go on"
        )

    def handle(self, *, track, file, assessor, replace, skip_unknown_topics, **options):
        track = self.get_track(track)
        self.import_files(
            [file],
            lambda path, progress: qrels_import(
                track=track,
                source=path,
                name=path.name,
                assessor_name=assessor,
                replace=replace,
                skip_unknown_topics=skip_unknown_topics,
                progress=progress,
            ),
        )
