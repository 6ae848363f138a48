from assessment.management.track_command import ImportCommand
from assessment.services.imports import topics_import


class Command(ImportCommand):
    help = "Add the topics of a file (TSV, JSONL, TREC, TREC XML; .gz too) to a track."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("files", metavar="FILE", nargs="+")
        parser.add_argument("--replace", action="store_true", help="overwrite topics that have another text")

    def handle(self, *, track, files, replace, **options):
        track = self.get_track(track)
        self.import_files(
            files, lambda path, progress: topics_import(track=track, source=path, name=path.name, replace=replace)
        )
