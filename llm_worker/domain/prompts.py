"""Prompts: one YAML file each, never edited once used; the sha256 of its bytes goes with each call.

The file `<name>.v<version>.yaml` holds

    name, version, task, description, source     what it is and where its method comes from
    placeholders   {name: what it stands for}    exactly those that the messages use
    delimited      [placeholder, ...]            foreign text; `{<name>_mark}` gives a mark that the text cannot contain
    phrases        {name: text}                  pieces that code repeats, once a grade for example; may be absent
    messages       [{role, content}, ...]        `{name}` stands for a value; every other brace is itself
    answer_prefix                                where the single-token reply begins, trailing space included
    output_pattern                               the answer line as a reader sees it; `replies` holds the parser
    decodings      {name: {max_tokens, temperature, top_p, frequency_penalty, single_token}}
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from assessment.domain.errors import DomainError, FileError, Problem

PROMPTS_FOLDER = Path(__file__).resolve().parent.parent / "prompts"

_ROLES = ("system", "user", "assistant")
_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_MARK_SUFFIX = "_mark"
_MARK_LENGTH = 6

# What chat templates write between turns: <|im_end|>, <s>, </s>, <start_of_turn>, <｜User｜>, [INST], [/INST], <<SYS>>.
# A tokenizer reads these as control tokens wherever they stand, so a text that spells one could end its own turn.
_CONTROL_TOKEN = re.compile(r"<(?=[|\uff5c])|<(?=/?[A-Za-z_][A-Za-z0-9_]*>)|\[(?=/?[A-Z][A-Z_]*\])")

# One word, or a piece of a run that no space divides; scripts written without spaces count by character.
_UNSPACED = r"\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]{{1,20}}")


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
    phrases: Mapping[str, str]
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
    """Every prompt of the folder, by name and then by version. Raises FileError for a file that is not one."""
    return sorted((load(path) for path in folder.glob("*.yaml")), key=lambda prompt: (prompt.name, prompt.version))


def find(key: str, folder: Path = PROMPTS_FOLDER) -> Prompt:
    """The prompt `key`, such as "umbrela.v1". Raises DomainError with the known keys where there is none."""
    prompts = {prompt.key: prompt for prompt in available(folder)}
    if key not in prompts:
        raise DomainError(f"There is no prompt “{key}”; there are: {', '.join(prompts) or 'none'}.")
    return prompts[key]


def load(path: Path) -> Prompt:
    """Read and check one prompt file. Raises FileError with all that is wrong with it."""
    raw = path.read_bytes()
    try:
        data = yaml.safe_load(raw)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FileError(path.name, [Problem(0, f"This is not readable YAML: {error}")]) from error
    if not isinstance(data, dict):
        raise FileError(path.name, [Problem(0, "A prompt file is a mapping of names to values.")])
    problems = _shape_problems(data) or _content_problems(data, path)
    if problems:
        raise FileError(path.name, [Problem(0, problem) for problem in problems])
    return Prompt(
        **{name: data[name] for name in _TEXTS},
        version=data["version"],
        placeholders=data["placeholders"],
        delimited=tuple(data["delimited"]),
        phrases=data.get("phrases", {}),
        messages=tuple((message["role"], message["content"]) for message in data["messages"]),
        decodings={name: Decoding(name=name, **values) for name, values in data["decodings"].items()},
        sha256=hashlib.sha256(raw).hexdigest(),
    )


_TEXTS = ("name", "task", "description", "source", "answer_prefix", "output_pattern")
_KINDS: dict[str, type] = {
    **dict.fromkeys(_TEXTS, str),
    "version": int,
    "placeholders": dict,
    "delimited": list,
    "messages": list,
    "decodings": dict,
}
_DECODING_KINDS: dict[str, type | tuple[type, ...]] = {
    "max_tokens": int,
    "temperature": (int, float),
    "top_p": (int, float),
    "frequency_penalty": (int, float),
    "single_token": bool,
}


def _shape_problems(data: Mapping[str, Any]) -> list[str]:
    problems = [f"{name} is missing." for name in _KINDS if name not in data]
    problems += [f"{name} is not known." for name in data if name not in _KINDS and name != "phrases"]
    problems += [
        f"{name} must be a {kind.__name__}."
        for name, kind in _KINDS.items()
        if not isinstance(data.get(name, kind()), kind)
    ]
    for message in data.get("messages") or []:
        if not isinstance(message, dict) or set(message) != {"role", "content"} or message["role"] not in _ROLES:
            problems.append(f"A message has a role ({', '.join(_ROLES)}) and a content, and nothing else.")
    return problems


def _content_problems(data: Mapping[str, Any], path: Path) -> list[str]:
    problems = []
    expected = f"{data['name']}.v{data['version']}.yaml"
    if path.name != expected:
        problems.append(f"The file of this name and version is called {expected}.")
    declared = set(data["placeholders"])
    marks = {name + _MARK_SUFFIX for name in data["delimited"]}
    used = {name for message in data["messages"] for name in _PLACEHOLDER.findall(message["content"])}
    problems += [f"The placeholder {{{name}}} is used but not declared." for name in sorted(used - declared - marks)]
    problems += [f"The placeholder {{{name}}} is declared but not used." for name in sorted((declared | marks) - used)]
    problems += [f"{name} is delimited but no placeholder." for name in data["delimited"] if name not in declared]
    if not data["decodings"]:
        problems.append("A prompt needs at least one decoding.")
    for name, values in data["decodings"].items():
        problems += _decoding_problems(name, values)
    return problems


def _decoding_problems(name: str, values: Any) -> list[str]:
    if not isinstance(values, dict) or set(values) != set(_DECODING_KINDS):
        return [f"The decoding {name} needs exactly: {', '.join(_DECODING_KINDS)}."]
    return [
        f"{field} of the decoding {name} has the wrong kind of value."
        for field, kind in _DECODING_KINDS.items()
        if not isinstance(values[field], kind)
    ]


def render(prompt: Prompt, values: Mapping[str, str]) -> list[tuple[str, str]]:
    """The messages (role, content) with every placeholder filled, in one pass: a value's own braces stay braces.

    Control tokens that a value spells out are broken by a space, and a delimited value stands between marks that it
    does not contain. Raises ValueError where the values are not exactly the prompt's placeholders.
    """
    missing, unknown = set(prompt.placeholders) - set(values), set(values) - set(prompt.placeholders)
    if missing or unknown:
        said = [f"missing: {', '.join(sorted(missing))}"] if missing else []
        said += [f"unknown: {', '.join(sorted(unknown))}"] if unknown else []
        raise ValueError(f"The values do not fit the prompt {prompt.key} ({'; '.join(said)}).")
    harmless = {name: without_control_tokens(value) for name, value in values.items()}
    marks = {name + _MARK_SUFFIX: mark_for(harmless[name]) for name in prompt.delimited}
    return [(role, fill(content, harmless | marks)) for role, content in prompt.messages]


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with each `{name}` that has a value replaced by it, once: values are not searched again."""
    return _PLACEHOLDER.sub(lambda found: values.get(found.group(1), found.group(0)), template)


def without_control_tokens(text: str) -> str:
    """The text with a space inside everything that a chat template's tokenizer could read as a control token."""
    return _CONTROL_TOKEN.sub(lambda found: found.group(0) + " ", text)


def mark_for(text: str) -> str:
    """Six hex digits that the text does not contain, the same ones for the same text."""
    attempt = 0
    while True:
        mark = hashlib.sha256(f"{attempt} {text}".encode(errors="surrogatepass")).hexdigest()[:_MARK_LENGTH]
        if mark not in text:
            return mark
        attempt += 1


def cut_words(text: str, max_words: int | None) -> Cut:
    """The text's first `max_words` words, its spacing kept; `None` cuts nothing.

    A character of a script without spaces counts as a word, and so does every started 20 characters of a longer run, so
    that no text has many times more tokens than words.
    """
    if max_words is None:
        return Cut(text, False)
    end = 0
    for count, word in enumerate(_WORD.finditer(text), start=1):
        if count > max_words:
            return Cut(text[:end], True)
        end = word.end()
    return Cut(text, False)
