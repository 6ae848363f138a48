from assessment.domain.errors import DomainError
from assessment.domain.routing import AUDIT, CONFIDENCE, ENTROPY, LEFT, SIGNALS, UNJUDGED, UNSURE, Rule
from assessment.management.pool_command import PoolCommand
from assessment.services.routing import RoutingPreview, routed_pool_create, routing_preview

REASONS = (UNSURE, UNJUDGED, AUDIT, LEFT)


class Command(PoolCommand):
    help = (
        "Make a pool of what a judge is unsure of or has no label for, and of a random share of the rest. Each pair "
        "keeps why it is there and how probable that was."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--pool", required=True, metavar="NAME", help="the pool to take pairs from")
        parser.add_argument("--judge", required=True, metavar="NAME", help="whose labels the rule looks at")
        parser.add_argument("--signal", choices=SIGNALS, default=CONFIDENCE, help=f"default: {CONFIDENCE}")
        limit = parser.add_mutually_exclusive_group(required=True)
        limit.add_argument("--below", type=float, metavar="X", help="of confidence or margin: unsure is what is below")
        limit.add_argument("--above", type=float, metavar="X", help="of entropy, in bits: unsure is what is above")
        parser.add_argument(
            "--audit", type=float, default=5, metavar="P", help="%% of the rest, drawn at random (default: 5)"
        )
        parser.add_argument("--seed", type=int, default=0, help="of the draw and the shuffle (default: 0)")
        parser.add_argument("--name", help="of the new pool; assessors see it (default: POOL-part)")
        parser.add_argument("--preview", action="store_true", help="only say how many pairs would go where")

    def handle(self, *, track, pool, judge, signal, below, above, audit, seed, name, preview, **options):
        track = self.get_track(track)
        source, judge = self.get_pool(track, pool), self.get_assessor(track, judge)
        rule = Rule(signal, self._threshold(signal, below, above), audit, seed)
        if preview:
            self._show(routing_preview(pool=source, judge=judge, rule=rule))
            return
        routed = routed_pool_create(pool=source, judge=judge, rule=rule, name=name or f"{source.name}-part")
        counts = ", ".join(f"{reason} {routed.routing['counts'][reason]:,}" for reason in REASONS)
        self.stdout.write(f"{self.size(routed)}; {counts}")

    def _threshold(self, signal: str, below: float | None, above: float | None) -> float:
        wanted, option = (above, "--above") if signal == ENTROPY else (below, "--below")
        if wanted is None:
            raise DomainError(f"Unsure is what has a {signal} {option[2:]} a threshold: give {option}.")
        return wanted

    def _show(self, preview: RoutingPreview) -> None:
        """Topic by topic on standard output; what other thresholds would give beside it."""
        self.stdout.write("\t".join(("topic", *REASONS)))
        for topic, counts in preview.topics:
            self.stdout.write("\t".join(map(str, (topic.qid, *(counts[reason] for reason in REASONS)))))
        self.stderr.write(f"{preview.to_people:,} of {preview.pairs:,} pairs would go to people; nothing was stored.")
        for work in preview.workloads:
            self.stderr.write(f"  threshold {work.threshold:g}: about {work.expected:,.0f} ({work.share:.0%})")
