"""The figures of a comparison as a table: name, value, and what it says, in one line each."""

from typing import NamedTuple

from assessment.selectors.comparisons import Comparison


class FigureRow(NamedTuple):
    """`key` is that of `compare --format json`; `value` None where undefined; `decimals` are those that are shown,
    `signed` those with a sign in any case."""

    key: str
    name: str
    value: float | None
    meaning: str
    decimals: int = 4
    signed: bool = False


def figure_rows(comparison: Comparison) -> list[FigureRow]:
    """The figures that need no resampling, in the order of the page."""
    figures, n_runs = comparison.figures, comparison.n_runs
    topics = f"{comparison.n_topics} topic{'s' if comparison.n_topics != 1 else ''}"
    best = "Kendall’s τ of the runs with the {} best manual scores, ties at the border included"
    return [
        FigureRow("tau", "τ of the runs", figures.tau, f"Kendall’s τ-b of {n_runs} means over {topics}"),
        FigureRow(
            "tau_per_topic_mean",
            "τ per topic, mean",
            figures.tau_per_topic_mean,
            f"over {comparison.n_topics_defined} topics; undefined on {figures.tau_per_topic_undefined}",
        ),
        FigureRow("tau_pooled", "τ of all scores", figures.tau_pooled, "every (run, topic) score at once"),
        FigureRow("tau_top5", "τ of the best 5", figures.tau_top5, best.format(5)),
        FigureRow("tau_top10", "τ of the best 10", figures.tau_top10, best.format(10)),
        FigureRow("tau_top20", "τ of the best 20", figures.tau_top20, best.format(20)),
        FigureRow("tau_ap", "τ_AP", figures.tau_ap, "errors at the top of the automatic ranking cost more"),
        FigureRow("rbo", "RBO", figures.rbo, "rank-biased overlap, extrapolated, p = 0.9: the top counts most"),
        FigureRow("spearman", "Spearman’s ρ", figures.spearman, "correlation of the ranks"),
        FigureRow("pearson", "Pearson’s r", figures.pearson, "correlation of the scores"),
        FigureRow("rmse", "RMSE", figures.rmse, f"root mean squared difference, in {comparison.measure}"),
        FigureRow("bias", "Bias of scores", figures.bias, "mean of automatic minus manual score", signed=True),
    ]
