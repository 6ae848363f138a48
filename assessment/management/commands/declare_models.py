from assessment.management.track_command import TrackCommand
from assessment.services.assessors import assessor_declare_models


class Command(TrackCommand):
    help = "Say which language models are behind imported labels, so that a judge of its own kin is flagged."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--assessor", required=True, metavar="NAME")
        parser.add_argument(
            "--models", required=True, metavar="MODEL,...", help='such as gpt-4o-2024-08-06; "" for none'
        )

    def handle(self, *, track, assessor, models, **options):
        one = self.get_assessor(self.get_track(track), assessor)
        assessor_declare_models(assessor=one, language_models=models)
        self.stdout.write(f"{one.name}: {one.language_models or 'no model'}.")
