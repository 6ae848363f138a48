from assessment.management.track_command import ImportCommand
from assessment.services.imports import documents_import


class Command(ImportCommand):
    help = "Add the documents of a JSONL file (.gz too) to a track's collection."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("files", metavar="FILE", nargs="+")
        parser.add_argument("--replace", action="store_true", help="overwrite documents that have another text")

    def handle(self, *, track, files, replace, **options):
        track = self.get_track(track)
        self.import_files(
            files,
            lambda path, progress: documents_import(
                track=track, source=path, name=path.name, replace=replace, progress=progress
            ),
        )
