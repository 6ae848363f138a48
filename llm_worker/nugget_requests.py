"""From a prompt and nuggets to what an engine is asked; the reply is held to JSON. It needs no Django, as engines need
none."""

from collections.abc import Mapping
from typing import Any

from llm_worker.domain import prompts
from llm_worker.domain.nugget_values import NuggetText, labels_schema, list_schema, nugget_values
from llm_worker.engines.base import Message, Parameters, Request


def creation_request(prompt: prompts.Prompt, decoding: prompts.Decoding, said: NuggetText) -> Request:
    """The list so far and one window of passages; the reply is the whole list anew."""
    return _request(prompt, decoding, said, list_schema(said.most_nuggets))


def labelling_request(prompt: prompts.Prompt, decoding: prompts.Decoding, said: NuggetText) -> Request:
    """A batch of nuggets to weigh, or to look for in an answer; the reply is one of the prompt's labels for each."""
    return _request(prompt, decoding, said, labels_schema(prompt.labels, len(said.nuggets)))


def _request(
    prompt: prompts.Prompt, decoding: prompts.Decoding, said: NuggetText, schema: Mapping[str, Any]
) -> Request:
    values = nugget_values(prompts.TASKS[prompt.task], tuple(prompt.placeholders), prompt.phrases, said)
    messages = tuple(Message(role, content) for role, content in prompts.render(prompt, values))
    parameters = Parameters(
        max_tokens=decoding.max_tokens,
        temperature=decoding.temperature,
        top_p=decoding.top_p,
        frequency_penalty=decoding.frequency_penalty,
    )
    return Request(messages, parameters, json_schema=schema)
