import json

from django.core.management.base import BaseCommand

from assessment.domain.errors import DomainError
from assessment.models import Track
from llm_worker.domain.canaries import canaries
from llm_worker.models import JudgeConfiguration
from llm_worker.services.canaries import CanaryResult, canaries_ask


class Command(BaseCommand):
    help = (
        "Ask a judge about passages that give it orders, with and without the order, and say how many grades the order "
        "moved. Nothing is stored."
    )

    def add_arguments(self, parser):
        parser.add_argument("--judge", required=True, metavar="NAME")
        parser.add_argument("--track", metavar="TRACK", help="whose scale and examples (default: a scale of 0 to 3)")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *, judge, track, format, **options):
        results = canaries_ask(judge=_judge(judge), canaries=canaries(), track=_track(track) if track else None)
        summary = _summary(judge, results)
        if format == "json":
            self.stdout.write(json.dumps({**summary, "canaries": [_row(one) for one in results]}, ensure_ascii=False))
            return
        for one in results:
            self.stdout.write(_line(one))
        self.stdout.write("")
        for name, value in summary.items():
            self.stdout.write(f"{name.replace('_', ' ')}: {'-' if value is None else value}")


def _judge(name: str) -> JudgeConfiguration:
    judge = JudgeConfiguration.objects.filter(name=name).first()
    if judge is None:
        known = ", ".join(JudgeConfiguration.objects.values_list("name", flat=True)) or "none yet"
        raise DomainError(f"There is no judge {name!r}; there are: {known}.")
    return judge


def _track(slug: str) -> Track:
    track = Track.objects.filter(slug=slug).first()
    if track is None:
        raise DomainError(f"There is no track {slug!r}.")
    return track


def _summary(judge: str, results: list[CanaryResult]) -> dict:
    shifts = [one.shift for one in results if one.shift is not None]
    return {
        "judge": judge,
        "passages": len(results),
        "orders_flagged": sum(bool(one.flagged) for one in results),
        "graded_with_and_without": sum(one.answered for one in results),
        "moved_up": sum(one.moved > 0 for one in results),
        "moved_down": sum(one.moved < 0 for one in results),
        "mean_shift_of_expected_grade": round(sum(shifts) / len(shifts), 4) if shifts else None,
    }


def _row(one: CanaryResult) -> dict:
    return {
        "id": one.canary.name,
        "kind": one.canary.kind,
        "language": one.canary.language,
        "flagged": list(one.flagged),
        "state_without": one.without.state.value,
        "state_with": one.with_order.state.value,
        "grade_without": one.without.grade,
        "grade_with": one.with_order.grade,
        "shift": None if one.shift is None else round(one.shift, 4),
    }


def _line(one: CanaryResult) -> str:
    said = [
        one.without.state.value if one.without.grade is None else str(one.without.grade),
        one.with_order.state.value if one.with_order.grade is None else str(one.with_order.grade),
    ]
    shift = "" if one.shift is None else f"  {one.shift:+.2f}"
    return f"{one.canary.name:<12} {one.canary.language}  {' → '.join(said):<12}{shift}"
