from assessment.domain.errors import DomainError
from assessment.management.pool_command import PoolCommand
from assessment.services.imports.result import counted
from assessment.services.pools import pool_documents_preview
from nuggets.services.citations import UnknownCitations, checked_citations, citations_pool


class Command(PoolCommand):
    help = "Add the documents that answers cite to a pool. Citations of unknown documents are printed and refused."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--pool", required=True, metavar="NAME")
        parser.add_argument("--runs", nargs="+", metavar="TAG", help="of answers (default: all)")
        parser.add_argument("--most", type=int, metavar="K", help="the K strongest of each sentence (default: all)")
        parser.add_argument("--leave-out-unknown", action="store_true", help="pass over what the collection lacks")
        parser.add_argument("--dry-run", action="store_true", help="only say how many items each topic would gain")

    def handle(self, *, track, pool, runs, most, leave_out_unknown, dry_run, **options):
        track = self.get_track(track)
        wanted = {"pool": self.get_pool(track, pool), "runs": self._runs(track, runs), "most": most}
        if dry_run:
            self._preview(wanted)
            return
        try:
            added = citations_pool(leave_out_unknown=leave_out_unknown, **wanted)
        except UnknownCitations as error:
            self._tell(error.unknown)
            raise
        self.stdout.write(f"{counted(added, 'new item')}; {self.size(wanted['pool'])}")

    def _runs(self, track, tags):
        if tags is None:
            return None
        found = list(track.answer_runs.filter(tag__in=tags).order_by("tag"))
        missing = sorted(set(tags) - {run.tag for run in found})
        if missing:
            raise DomainError(f"The track has no answers of {', '.join(missing)}.")
        return found

    def _preview(self, wanted: dict) -> None:
        found = checked_citations(**wanted)
        self._tell(found.unknown)
        sizes = pool_documents_preview(pool=wanted["pool"], places=found.places)
        for topic, size in sizes:
            self.stdout.write(f"{topic.qid}\t{size}")
        total = sum(size for _, size in sizes)
        self.stderr.write(f"{wanted['pool'].name} would get {counted(total, 'new item')}; nothing was stored.")

    def _tell(self, unknown) -> None:
        for run, topic, docid in unknown:
            self.stderr.write(f"{run}, topic {topic}: the collection has no {docid}")
