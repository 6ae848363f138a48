import json

from llm_worker.domain.limits import in_money
from llm_worker.management.judge_command import JudgeCommand
from llm_worker.models import status_in_words
from llm_worker.selectors import JudgeReport, Report, judge_report


class Command(JudgeCommand):
    help = "What a judge has done in a track: calls by state, tokens, cost, time, grades, failures, job by job."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *, track, judge, format, **options):
        report = judge_report(track=self.get_track(track), judge=self.get_judge(judge))
        if format == "json":
            self.stdout.write(json.dumps(report.as_json(), indent=2, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(_lines(report)))


def _lines(report: JudgeReport) -> list[str]:
    if not report.jobs:
        return [f"{report.judge.name} has no job in {report.track.slug} yet: `judge` makes one."]
    lines = [f"{report.judge.name} in {report.track.slug}", *_figures(report.total), ""]
    for line in report.jobs:
        job, progress = line.progress.job, line.progress
        said = f"Job {job.pk}, {job.get_mode_display()}, over {job.over.name}: {progress.state}"
        lines.append(f"{said}. {progress.explanation}".rstrip())
        lines += [f"  {text}" for text in _figures(line.report)]
    return lines


def _figures(report: Report) -> list[str]:
    calls = ", ".join(
        f"{count:,} {status_in_words(status, bool(report.labels))}" for status, count in report.calls.items() if count
    )
    tokens = f"{report.tokens_in:,} read ({report.tokens_cached:,} from a cache), {report.tokens_out:,} written"
    rate = "" if report.judged_per_second is None else f", {report.judged_per_second:.3g} judged a second"
    lines = [
        f"calls: {calls or 'none'}",
        f"tokens: {tokens}",
        f"cost: {'no prices' if report.cost is None else in_money(report.cost, report.currency)}",
        f"time: {report.seconds:.1f} s{rate}",
        _said(report),
        f"passages: {report.passages_cut:,} cut, {report.orders_found:,} with orders to the judge",
    ]
    if report.adopted:
        lines.append(f"taken over from trials: {report.adopted:,}")
    return lines + [f"failed: {count:,} × {reason}" for reason, count in report.failures]


def _said(report: Report) -> str:
    """Grades, or what was said of nuggets."""
    name, given = ("labels", report.labels) if report.labels else ("grades", report.grades)
    return f"{name}: {', '.join(f'{label}: {count:,}' for label, count in given.items())}"
