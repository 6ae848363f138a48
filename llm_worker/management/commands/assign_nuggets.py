from assessment.services.imports.result import counted
from llm_worker.management.nugget_job_command import NuggetJobCommand
from llm_worker.selectors.nugget_jobs import unfinished_over
from llm_worker.services.nugget_estimates import assignment_estimate
from llm_worker.services.nugget_jobs import nuggets_assign


class Command(NuggetJobCommand):
    help = (
        "Have a judge look for a bank's nuggets in the track's answers, ten nuggets a call, wherever it has said "
        "nothing yet; or go on with its job that is not finished. A failed reply is never “not supported”."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--bank", metavar="NAME", help="default: the track's only one")

    def handle(self, *, track, judge, topics, bank, wait, dry_run, **options):
        track, judge = self.get_track(track), self.get_judge(judge)
        bank, topics = self.get_bank(track, bank), self.get_topics(track, topics)
        if dry_run:
            self.say_estimate(assignment_estimate(bank=bank, judge=judge, topics=topics), bank.name)
            return
        self.check_worker(judge, wait)
        limits, job = self.limits(**options), unfinished_over(judge, bank)
        if job:
            self.take_up(job, limits)
        else:
            job = nuggets_assign(bank=bank, judge=judge, topics=topics, limits=limits)
        if empty := job.settings["empty_answers"]:
            self.stderr.write(f"Labelled without a call, for they support nothing: {counted(empty, 'empty answer')}.")
        self.finish(job, wait)
