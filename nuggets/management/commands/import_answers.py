from assessment.management.track_command import ImportCommand
from nuggets.domain.profiles import profiles
from nuggets.services.answers import answers_import


class Command(ImportCommand):
    help = "Add files of RAG answers (JSONL, .gz too), one run each, to a track."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("files", metavar="FILE", nargs="+")
        parser.add_argument(
            "--profile",
            choices=list(profiles()),
            help="the rules of the files; default: the track's latest, or the only one whose form fits",
        )

    def handle(self, *, track, files, profile, **options):
        track = self.get_track(track)
        self.import_files(
            files,
            lambda path, progress: answers_import(
                track=track, source=path, name=path.name, profile_name=profile, progress=progress
            ),
        )
