from assessment.management.track_command import ImportCommand
from assessment.services.imports import run_details_import


class Command(ImportCommand):
    help = (
        "Say which team sent which run, of what type it is, and which language models are in it: a CSV file with the "
        "columns run, team, type and models."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("file", metavar="FILE")

    def handle(self, *, track, file, **options):
        track = self.get_track(track)
        self.import_files(
            [file],
            lambda path, progress: run_details_import(track=track, source=path, name=path.name, progress=progress),
        )
