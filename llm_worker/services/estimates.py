"""What a judge will take for a pool, before it is asked: from its earlier calls, or from a sample of real pairs.

In the web process nothing asks an engine here: a model in this process would be loaded by a request. Where no earlier
call tells the tokens, they are estimated from the rendered prompts; the command may have the engine measure those.
"""

from contextlib import suppress
from statistics import fmean

from django.db.models import Avg, Count, Q

from assessment.models import Pool, PoolItem, Track
from llm_worker.domain.estimates import Basis, Estimate, Figure, PerCall, cost, duration
from llm_worker.engines import Engine, EngineUnavailable
from llm_worker.job_kinds.relevance import Asked, PromptedLabeller
from llm_worker.models import JudgeConfiguration
from llm_worker.selectors.asking import HISTORY, asked_here, judge_rate, judge_standing, pairs_to_ask, seeded
from llm_worker.selectors.spending import prices_of
from llm_worker.services.rendering import RenderingLabeller

# Fewer calls than this in the track itself say less than those of all tracks together.
ENOUGH_CALLS = 5
SAMPLE = 20


def estimate(
    *,
    pool: Pool,
    judge: JudgeConfiguration,
    limit: int | None = None,
    engine_measures: bool = False,
    sample: int = SAMPLE,
    seed: int = 0,
) -> Estimate:
    """What asking `judge` about all that it has not judged of the pool will take, or about `limit` of it.

    With `engine_measures` the judge's engine may be asked for tokens, which can load a model into this process.
    Raises DomainError where the judge's prompt cannot be used.
    """
    items = pairs_to_ask(pool, judge)
    items = items.order_by("topic__position", "position")[:limit] if limit is not None else items
    counts = items.aggregate(
        pairs=Count("pk"),
        without_text=Count("pk", filter=Q(document__text=None, tried=False)),
        from_trials=Count("pk", filter=Q(tried=True)),
    )
    asks_model = judge.decoding != JudgeConfiguration.Decoding.NONE
    one = _per_call(pool, judge, engine_measures, sample, seed) if asks_model else _nothing_read()
    asked = counts["pairs"] - counts["without_text"] - counts["from_trials"]
    prices = prices_of(judge)
    return Estimate(
        judge=judge.name,
        **judge_standing(pool, judge),
        **counts,
        one=one,
        cost=cost(prices, one, asked) if asks_model else Figure(0, Basis.COUNTED, "It asks no model."),
        seconds=duration(judge_rate(judge), asked),
        currency=prices.currency,
    )


def _per_call(pool: Pool, judge: JudgeConfiguration, engine_measures: bool, sample: int, seed: int) -> PerCall:
    """By the judge's calls in this track, else in any, else by a sample of what it would be asked."""
    return per_call_before(judge, pool.track) or _sampled(pool, judge, engine_measures, sample, seed)


def per_call_before(judge: JudgeConfiguration, track: Track) -> PerCall | None:
    """What the judge's calls in this track took, else those in any; None where it has none."""
    calls = asked_here(judge).exclude(tokens_in=None)
    for where, told in ((f"in {track.slug}", calls.filter(job__track=track)), ("in all tracks", calls)):
        found = told[:HISTORY].aggregate(
            n=Count("pk"), read=Avg("tokens_in"), written=Avg("tokens_out"), cached=Avg("tokens_cached")
        )
        if found["n"] >= ENOUGH_CALLS or (found["n"] and told is calls):
            source = f"The mean of {found['n']:,} calls of this judge {where}."
            written = Figure(
                found["written"], Basis.MEASURED if found["written"] is not None else Basis.UNKNOWN, source
            )
            return PerCall(Figure(found["read"], Basis.MEASURED, source), written, found["cached"])
    return None


def _nothing_read() -> PerCall:
    return PerCall(*[Figure(0, Basis.COUNTED, "It asks no model.")] * 2, 0)


def _sampled(pool: Pool, judge: JudgeConfiguration, engine_measures: bool, sample: int, seed: int) -> PerCall:
    items = list(seeded(pairs_to_ask(pool, judge).filter(document__text__isnull=False), seed)[:sample])
    labeller = (PromptedLabeller if engine_measures else RenderingLabeller)(judge, pool.track)
    most = labeller.decoding.max_tokens
    written = (
        Figure(1, Basis.COUNTED, "Its reply is one token.")
        if labeller.decoding.single_token
        else Figure(most, Basis.AT_MOST, f"Its replies end after {most:,} tokens.")
    )
    if not items:
        return PerCall(Figure(None, Basis.UNKNOWN, "There is no text to render a prompt from."), written)
    return PerCall(_read(labeller, pool.track, items, engine_measures), written)


def _read(labeller: PromptedLabeller, track: Track, items: list[PoolItem], engine_measures: bool) -> Figure:
    """Tokens of the rendered prompts of these items, without those that the model's chat template adds."""
    pairs = "one real pair" if len(items) == 1 else f"{len(items)} real pairs"
    if engine_measures:
        with suppress(EngineUnavailable):
            tokens = _tokens(labeller.ask(items), labeller.engine)
            if all(exact for _, exact in tokens):
                source = f"The rendered prompts of {pairs}, by the model’s own tokenizer."
                return Figure(fmean(count for count, _ in tokens), Basis.MEASURED, source)
    labeller = RenderingLabeller(labeller.judge, track)
    tokens = _tokens(labeller.ask(items), labeller.engine)
    source = f"From the letters of the rendered prompts of {pairs}: for English rather a third too many."
    return Figure(fmean(count for count, _ in tokens), Basis.ESTIMATED, source)


def _tokens(asked: list[Asked], engine: Engine) -> list[tuple[int, bool]]:
    """(tokens, whether they are exact) of each prompt."""
    texts = [[message.content for message in one.request.messages] + [one.request.answer_prefix] for one in asked]
    measured = iter(engine.measure([text for prompt in texts for text in prompt]))
    counts = [[next(measured) for _ in prompt] for prompt in texts]
    return [(sum(one.tokens for one in prompt), all(one.exact for one in prompt)) for prompt in counts]
