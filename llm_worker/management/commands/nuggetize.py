from llm_worker.management.nugget_job_command import NuggetJobCommand
from llm_worker.selectors.nugget_jobs import unfinished_over
from llm_worker.services.nugget_estimates import list_estimate
from llm_worker.services.nugget_jobs import LISTS, ListSettings, nuggets_make


class Command(NuggetJobCommand):
    help = (
        "Have a judge make a list of nuggets for each topic from its relevant passages, window by window, and weigh "
        "them; or go on with its job that is not finished. A topic whose window failed gets no list."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--bank", metavar="NAME", help="where the lists go (default: the judge's name)")
        how = parser.add_argument_group("how the lists are made")
        how.add_argument("--threshold", type=int, metavar="GRADE", help="default: where relevance begins in the track")
        how.add_argument("--grades-of", default="", metavar="ASSESSOR", help="default: the highest of all but judges'")
        how.add_argument("--window", type=int, default=LISTS.window, help="passages a call (default: %(default)s)")
        how.add_argument("--most-nuggets", type=int, default=LISTS.most_nuggets, help="default: %(default)s")
        how.add_argument("--most-words", type=int, default=LISTS.most_words, help="of a nugget (default: %(default)s)")
        how.add_argument("--keep", type=int, default=LISTS.keep, help="vital before okay (default: %(default)s)")

    def handle(self, *, track, judge, topics, bank, wait, dry_run, **options):
        track, judge = self.get_track(track), self.get_judge(judge)
        topics, name = self.get_topics(track, topics), bank or judge.name
        chosen = ("threshold", "grades_of", "window", "most_nuggets", "most_words", "keep")
        settings = ListSettings(**{one: options[one] for one in chosen})
        if dry_run:
            found = list_estimate(track=track, judge=judge, bank_name=name, topics=topics, settings=settings)
            self.say_estimate(found, name)
            return
        self.check_worker(judge, wait)
        limits, there = self.limits(**options), track.banks.filter(name=name).first()
        job = there and unfinished_over(judge, there)
        if job:
            self.take_up(job, limits)
        else:
            job = nuggets_make(
                track=track, judge=judge, bank_name=name, topics=topics, settings=settings, limits=limits
            )
        if bare := job.settings["without_passages"]:
            self.stderr.write(f"Without a relevant passage, and so without a list: {', '.join(bare)}")
        self.finish(job, wait)
