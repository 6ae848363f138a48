from assessment.management.track_command import ImportCommand
from nuggets.models import BankCondition
from nuggets.services.assignment_imports import assignments_import


class Command(ImportCommand):
    help = "Add a file of nugget assignments (JSONL, .gz too) to a track: its answers, its nuggets and their labels."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--assessor", required=True, metavar="NAME", help="whose labels; made on first use")
        parser.add_argument("--bank", metavar="NAME", help="of the nuggets; default: the assessor's name")
        parser.add_argument(
            "--condition",
            choices=BankCondition.values,
            default=BankCondition.MANUAL.value,
            help="how the nuggets of a new bank were made; default: manual",
        )
        parser.add_argument("--replace", action="store_true", help="overwrite this assessor's labels of these nuggets")

    def handle(self, *, track, file, assessor, bank, condition, replace, **options):
        track = self.get_track(track)
        self.import_files(
            [file],
            lambda path, progress: assignments_import(
                track=track,
                source=path,
                name=path.name,
                assessor_name=assessor,
                bank_name=bank,
                condition=condition,
                replace=replace,
                progress=progress,
            ),
        )
