from assessment.domain.errors import DomainError
from assessment.management.pool_command import PoolCommand
from assessment.models import Pool, Track
from assessment.services.imports.result import counted
from assessment.services.pools import pool_documents_preview
from nuggets.services.citations import UnknownCitations, checked_citations, citations_pool, citations_pool_create


class Command(PoolCommand):
    help = "Add the documents that answers cite to a pool. Citations of unknown documents are printed and refused."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--pool", required=True, metavar="NAME")
        parser.add_argument("--new", action="store_true", help="make the pool")
        parser.add_argument("--runs", nargs="+", metavar="TAG", help="of answers (default: all)")
        parser.add_argument("--most", type=int, metavar="K", help="the K strongest of each sentence (default: all)")
        parser.add_argument("--leave-out-unknown", action="store_true", help="pass over what the collection lacks")
        parser.add_argument("--dry-run", action="store_true", help="only say how many items each topic would gain")

    def handle(self, *, track, pool, new, runs, most, leave_out_unknown, dry_run, **options):
        track = self.get_track(track)
        into = None if new else self.get_pool(track, pool)
        wanted = {"runs": self._runs(track, runs), "most": most}
        if dry_run:
            self._preview(track, into, wanted)
            return
        wanted["leave_out_unknown"] = leave_out_unknown
        try:
            if new:
                into = citations_pool_create(track=track, name=pool, **wanted)
                self.stdout.write(self.size(into))
            else:
                added = citations_pool(pool=into, **wanted)
                self.stdout.write(f"{counted(added, 'new item')}; {self.size(into)}")
        except UnknownCitations as error:
            self._tell(error.unknown)
            raise

    def _runs(self, track, tags):
        if tags is None:
            return None
        found = list(track.answer_runs.filter(tag__in=tags).order_by("tag"))
        missing = sorted(set(tags) - {run.tag for run in found})
        if missing:
            raise DomainError(f"The track has no answers of {', '.join(missing)}.")
        return found

    def _preview(self, track: Track, into: Pool | None, wanted: dict) -> None:
        found = checked_citations(track=track, **wanted)
        self._tell(found.unknown)
        if into is None:
            sizes = [(topic, len(found.places[topic.pk])) for topic in track.topics.filter(pk__in=found.places)]
        else:
            sizes = pool_documents_preview(pool=into, places=found.places)
        for topic, size in sizes:
            self.stdout.write(f"{topic.qid}\t{size}")
        total = sum(size for _, size in sizes)
        self.stderr.write(f"{into or 'The pool'} would get {counted(total, 'new item')}; nothing was stored.")

    def _tell(self, unknown) -> None:
        for run, topic, docid in unknown:
            self.stderr.write(f"{run}, topic {topic}: the collection has no {docid}")
