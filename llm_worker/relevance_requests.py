"""From a prompt and a pair to what an engine is asked. It needs no Django, as engines need none."""

from collections.abc import Sequence

from assessment.domain.scales import GradeSpec
from llm_worker.domain import prompts
from llm_worker.domain.filling import cut_words
from llm_worker.domain.relevance_values import PairText, TopicText, relevance_values
from llm_worker.domain.replies import grade_tokens
from llm_worker.engines.base import Message, Parameters, Request


def pair_request(prompt: prompts.Prompt, decoding: prompts.Decoding, pair: PairText) -> Request:
    """What is asked about one pair. Raises ValueError for a single token where the scale has a grade of two digits."""
    values = relevance_values(tuple(prompt.placeholders), prompt.phrases, pair)
    messages = tuple(Message(role, content) for role, content in prompts.render(prompt, values))
    parameters = Parameters(
        max_tokens=decoding.max_tokens,
        temperature=decoding.temperature,
        top_p=decoding.top_p,
        frequency_penalty=decoding.frequency_penalty,
    )
    if not decoding.single_token:
        return Request(messages, parameters)
    return Request(messages, parameters, grade_tokens([grade.value for grade in pair.scale]), prompt.answer_prefix)


def relevance_request(
    prompt: prompts.Prompt,
    decoding: prompts.Decoding,
    scale: Sequence[GradeSpec],
    *,
    query: str,
    passage: str,
    max_passage_words: int | None = None,
) -> tuple[Request, bool]:
    """The same for a bare query and a passage, without examples; and whether the passage was cut to fit."""
    cut = cut_words(passage, max_passage_words)
    pair = PairText(TopicText(query=query, title=query), cut.text, scale, (), prompt.example_words)
    return pair_request(prompt, decoding, pair), cut.was_cut
