"""Texts in a server's own tokens. llama.cpp's and vLLM's servers have a tokenizer to ask, hosted ones are estimated.

Both answer POST /tokenize with the ids of a text and POST /detokenize with the text of ids, beside /v1 and in different
words.
"""

import asyncio
import os
from typing import Any

import httpx

from llm_worker.engines.base import Measured
from llm_worker.engines.openai_patience import PatientClient
from llm_worker.engines.text_cut import carefully_estimated, whole_characters

_NOT_OFFERED = {404, 405, 501}
_HALF_CHARACTER = "\ufffd"
_LONGEST_CHARACTER = 4  # bytes of UTF-8: so many signs may stand for one that was cut


class ServerTokens:
    """The tokenizer of the server at `base_url` (its /v1 address), asked through `client`."""

    def __init__(self, client: PatientClient, base_url: str, model: str, dialect: str):
        self._client = client
        self._root = base_url.removesuffix("/v1")
        self._model = model
        self._dialect = dialect

    async def measured(self, text: str, max_tokens: int | None) -> Measured:
        """The text measured and cut; estimated where the server has no tokenizer to ask."""
        ids = None if self._dialect == "openai" else await self.ids_of(text)
        if ids is None:
            return carefully_estimated(text, max_tokens)
        if max_tokens is None or len(ids) <= max_tokens:
            return Measured(text, len(ids), len(ids), True)
        end = await self._end_of(text, ids, max_tokens)
        while True:
            beginning = text[: whole_characters(text, end)]
            # Behind a cut the tokenizer may divide the last word anew.
            kept = await self._count(beginning)
            if kept <= max_tokens:
                return Measured(beginning, len(ids), kept, True)
            end = len(beginning) - 1

    async def _count(self, text: str) -> int:
        return len(await self.ids_of(text) or []) if text else 0

    async def ids_of(self, text: str) -> list[int] | None:
        """The ids of the text's tokens, without special ones; None where the server does not offer to say.

        Raises ValueError where it offers to and fails.
        """
        if self._dialect == "llama.cpp":
            body: dict[str, Any] = {"content": text, "add_special": False}
        else:
            body = {"model": self._model, "prompt": text, "add_special_tokens": False}
        response = await self._client.post(f"{self._root}/tokenize", body)
        if isinstance(response, httpx.Response) and response.status_code in _NOT_OFFERED:
            return None
        ids = self._field(response, "tokens")
        if not isinstance(ids, list) or not all(type(one) is int for one in ids):
            raise ValueError(f"The server's list of tokens is none. It begins: {self._client.excerpt(response)}")
        return ids

    async def _end_of(self, text: str, ids: list[int], count: int) -> int:
        """How much of the text its first `count` tokens are."""
        body: dict[str, Any] = {"tokens": ids[:count]}
        if self._dialect != "llama.cpp":
            body["model"] = self._model
        response = await self._client.post(f"{self._root}/detokenize", body)
        said = self._field(response, "content" if self._dialect == "llama.cpp" else "prompt")
        if not isinstance(said, str):
            raise ValueError("The server's text of tokens is none.")
        # Some tokenizers put a space before the first word.
        if said.startswith(" ") and not text.startswith(" "):
            said = said[1:]
        end = len(os.path.commonprefix([text, said]))
        lost = said[end:]
        if end and len(lost) <= _LONGEST_CHARACTER and not lost.strip(_HALF_CHARACTER):
            return end
        return await self._end_by_trial(text, count)

    async def _end_by_trial(self, text: str, count: int) -> int:
        """The same for a tokenizer whose tokens do not spell the text as it was: halve what is in doubt."""
        low, high = 0, len(text)
        while high - low > 1:
            middle = (low + high) // 2
            fits = await self._count(text[:middle]) <= count
            low, high = (middle, high) if fits else (low, middle)
        return low

    def _field(self, response: httpx.Response | str, name: str) -> Any:
        if isinstance(response, str):
            raise ValueError(response)
        if response.status_code != 200:
            raise ValueError(f"The server answered {response.status_code}: {self._client.excerpt(response)}")
        try:
            data = response.json()
        except ValueError:
            data = None
        return data.get(name) if isinstance(data, dict) else None


class AnswerIds:
    """The ids of allowed answers' tokens behind their prefix, asked for once: they are the model's, not a request's."""

    def __init__(self, model: str):
        self._model = model
        self._known: dict[tuple[tuple[str, ...], str], list[int] | None] = {}

    async def of(self, answers: tuple[str, ...], prefix: str, tokens: ServerTokens, one: asyncio.Lock) -> Any:
        """A list of ids in the answers' order; None where the server does not tell.

        `one` lets those that want the same ids wait for the first. Raises ValueError for an answer that is not one
        token: the constraint would cut it to another answer.
        """
        async with one:
            if (answers, prefix) not in self._known:
                self._known[answers, prefix] = await self._asked(answers, prefix, tokens)
            return self._known[answers, prefix]

    async def _asked(self, answers: tuple[str, ...], prefix: str, tokens: ServerTokens) -> list[int] | None:
        before = await tokens.ids_of(prefix) if prefix else []
        last = []
        for answer in answers:
            whole = await tokens.ids_of(prefix + answer)
            if before is None or whole is None:
                return None
            if not whole or whole[:-1] != before:
                raise ValueError(f"The answer {answer!r} is not a single token of {self._model}.")
            last.append(whole[-1])
        return last
