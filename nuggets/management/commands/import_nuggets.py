from assessment.management.track_command import ImportCommand
from nuggets.models import BankCondition
from nuggets.services.bank_imports import nuggets_import


class Command(ImportCommand):
    help = "Add a file of nuggets (JSONL, .gz too) to a bank of a track, which is made on first use."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--bank", required=True, metavar="NAME")
        parser.add_argument(
            "--condition",
            choices=BankCondition.values,
            default=BankCondition.MANUAL.value,
            help="how the nuggets of a new bank were made; default: manual",
        )

    def handle(self, *, track, file, bank, condition, **options):
        track = self.get_track(track)
        self.import_files(
            [file],
            lambda path, progress: nuggets_import(
                track=track,
                source=path,
                name=path.name,
                bank_name=bank,
                condition=condition,
                progress=progress,
            ),
        )
