"""Prompts: one YAML file each, never edited once used; the sha256 of its bytes goes with each call.

The file `<name>.v<version>.yaml` holds

    name, version, task, description, source     what it is and where its method comes from
    placeholders   {name: what it stands for}    exactly those that the messages use
    delimited      [placeholder, ...]            foreign text; each gets a placeholder `<name>_mark` beside it
    messages       [{role, content}, ...]        `{name}` stands for a value; every other brace is itself
    answer_prefix                                where the single-token reply begins, trailing space included
    output_pattern                               the answer line, for readers; `replies` holds the parser
    decodings      {name: {max_tokens, temperature, top_p, frequency_penalty, single_token}}
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from assessment.domain.errors import FileError, Problem

PROMPTS_FOLDER = Path(__file__).resolve().parent.parent / "prompts"

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_MARK_SUFFIX = "_mark"
_MARK_LENGTH = 6


@dataclass(frozen=True)
class Decoding:
    """One way of asking for the reply; each makes a judge configuration of its own."""

    name: str
    max_tokens: int
    temperature: float
    top_p: float
    frequency_penalty: float
    single_token: bool


@dataclass(frozen=True)
class Prompt:
    """One prompt file, checked. `sha256` is the hex digest of the file's bytes, `key` is its name and version."""

    name: str
    version: int
    task: str
    description: str
    source: str
    placeholders: Mapping[str, str]
    delimited: tuple[str, ...]
    messages: tuple[tuple[str, str], ...]
    answer_prefix: str
    output_pattern: str
    decodings: Mapping[str, Decoding]
    sha256: str

    @property
    def key(self) -> str:
        return f"{self.name}.v{self.version}"


class Cut(NamedTuple):
    """A text that may have been shortened: the text that is left, and whether anything was cut off."""

    text: str
    was_cut: bool


def available(folder: Path = PROMPTS_FOLDER) -> list[Prompt]:
    """Every prompt of the folder, by name and then by version."""
    return sorted((load(path) for path in folder.glob("*.yaml")), key=lambda prompt: (prompt.name, prompt.version))


def find(key: str, folder: Path = PROMPTS_FOLDER) -> Prompt:
    """The prompt `key`, such as "umbrela.v1". Raises KeyError with the known keys where there is none."""
    prompts = {prompt.key: prompt for prompt in available(folder)}
    if key not in prompts:
        raise KeyError(f"There is no prompt {key!r}; there are: {', '.join(prompts) or 'none'}.")
    return prompts[key]
