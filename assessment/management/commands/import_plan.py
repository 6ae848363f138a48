from assessment.management.track_command import ImportCommand
from assessment.services.imports import plan_import


class Command(ImportCommand):
    help = (
        "Make the duties of a plan (CSV, as export_plan prints it): all of them or none. Duties that are not in the "
        "file are left alone; other terms are taken while nothing of the duty is judged."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("file", metavar="FILE")

    def handle(self, *, track, file, **options):
        track = self.get_track(track)
        self.import_files(
            [file],
            lambda path, progress: plan_import(track=track, source=path, name=path.name, progress=progress),
        )
