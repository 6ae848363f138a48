"""Prompts: one YAML file each, never edited once used; the sha256 of its bytes goes with each call.

The file `<name>.v<version>.yaml` holds

    name, version, task, description, source     what it is and where its method comes from
    placeholders   {name: what it stands for}    exactly those that the messages use, out of the task's list (`TASKS`)
    delimited      [placeholder, ...]            foreign text; `{<name>_mark}` gives a mark that the text cannot contain
    phrases        {name: text}                  pieces that code repeats, once a grade for example: those that the
                                                 placeholders need
    example_words                                how many words an example shows of its passage; with examples only
    labels         [label, ...]                  what may be said of a nugget; for the tasks that label nuggets only
    then           {key, sha256}                 the prompt that goes on where this one ends: the one that weighs the
                                                 nuggets of a list. Its hash stands here, so that this file's hash is
                                                 that of both
    messages       [{role, content}, ...]        `{name}` stands for a value; every other brace is itself
    answer_prefix                                where the single-token reply begins, trailing space included
    output_pattern                               the answer line as a reader sees it; `replies` holds the parser
    decodings      {name: {max_tokens, temperature, top_p, frequency_penalty, single_token}}
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from assessment.domain.errors import DomainError, FileError, Problem

from .filling import PLACEHOLDER, fill, mark_for, without_control_tokens
from .nugget_values import ASSIGNMENT, CREATION, IMPORTANCE
from .relevance_values import VALUES, Value

PROMPTS_FOLDER = Path(__file__).resolve().parent.parent / "prompts"

_ROLES = ("system", "user", "assistant")
_MARK_SUFFIX = "_mark"

# What a prompt of each task may be filled with, and which of it is text from outside.
TASKS: dict[str, Mapping[str, Value]] = {
    "relevance": VALUES,
    "nuggets": CREATION,
    "nugget_importance": IMPORTANCE,
    "nugget_assignment": ASSIGNMENT,
}
_FOREIGN = frozenset({"passage", "passages", "answer"})
_LABELLING = ("nugget_importance", "nugget_assignment")


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
    example_words: int | None = None
    labels: tuple[str, ...] = ()
    then: Mapping[str, str] | None = None

    @property
    def shows_examples(self) -> bool:
        return "examples" in self.placeholders

    @property
    def key(self) -> str:
        return f"{self.name}.v{self.version}"


def keys(folder: Path | None = None) -> list[str]:
    """The keys of the folder's prompts, in alphabetical order, without reading them."""
    return sorted(path.stem for path in (folder or PROMPTS_FOLDER).glob("*.yaml"))


def available(folder: Path | None = None) -> list[Prompt]:
    """Every prompt of the folder, by name and then by version. Raises FileError for a file that is not one."""
    loaded = [load(path) for path in (folder or PROMPTS_FOLDER).glob("*.yaml")]
    return sorted(loaded, key=lambda prompt: (prompt.name, prompt.version))


def find(key: str, folder: Path | None = None) -> Prompt:
    """The prompt `key`, such as "umbrela.v1". Raises DomainError with the known keys where there is none.

    No other file is read: one that is wrong stops only its own judges.
    """
    known = keys(folder)
    if key not in known:
        raise DomainError(f"There is no prompt “{key}”; there are: {', '.join(known) or 'none'}.")
    return load((folder or PROMPTS_FOLDER) / f"{key}.yaml")


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
        example_words=data.get("example_words"),
        labels=tuple(data.get("labels", ())),
        then=data.get("then"),
    )


def following(prompt: Prompt, folder: Path | None = None) -> Prompt:
    """The prompt that goes on where this one ends. Raises DomainError where it is not the file that was meant."""
    if prompt.then is None:
        raise DomainError(f"The prompt {prompt.key} names none that goes on where it ends.")
    found = find(prompt.then["key"], folder)
    if found.sha256 != prompt.then["sha256"]:
        raise DomainError(f"The file of {found.key} has changed since {prompt.key} was made for it.")
    return found


_TEXTS = ("name", "task", "description", "source", "answer_prefix", "output_pattern")
_KINDS: dict[str, type] = {
    **dict.fromkeys(_TEXTS, str),
    "version": int,
    "placeholders": dict,
    "delimited": list,
    "messages": list,
    "decodings": dict,
}
_OPTIONAL_KINDS: dict[str, type] = {"phrases": dict, "example_words": int, "labels": list, "then": dict}
_DECODING_KINDS: dict[str, type | tuple[type, ...]] = {
    "max_tokens": int,
    "temperature": (int, float),
    "top_p": (int, float),
    "frequency_penalty": (int, float),
    "single_token": bool,
}


def _shape_problems(data: Mapping[str, Any]) -> list[str]:
    problems = [f"{name} is missing." for name in _KINDS if name not in data]
    problems += [f"{name} is not known." for name in data if name not in _KINDS | _OPTIONAL_KINDS]
    problems += [
        f"{name} must be a {kind.__name__}."
        for name, kind in (_KINDS | _OPTIONAL_KINDS).items()
        if not isinstance(data.get(name, kind()), kind)
    ]
    for message in data.get("messages") or []:
        if not _is_message(message):
            problems.append(f"A message has a role ({', '.join(_ROLES)}) and a content, and nothing else.")
    for name in ("placeholders", "phrases"):
        texts = data.get(name)
        if isinstance(texts, dict) and not all(isinstance(part, str) for item in texts.items() for part in item):
            problems.append(f"{name} maps names to texts.")
    return problems


def _is_message(message: Any) -> bool:
    return (
        isinstance(message, dict)
        and set(message) == {"role", "content"}
        and message["role"] in _ROLES
        and isinstance(message["content"], str)
    )


def _content_problems(data: Mapping[str, Any], path: Path) -> list[str]:
    problems = []
    expected = f"{data['name']}.v{data['version']}.yaml"
    if path.name != expected:
        problems.append(f"The file of this name and version is called {expected}.")
    declared = set(data["placeholders"])
    marks = {name + _MARK_SUFFIX for name in data["delimited"]}
    used = {name for message in data["messages"] for name in PLACEHOLDER.findall(message["content"])}
    problems += [f"The placeholder {{{name}}} is used but not declared." for name in sorted(used - declared - marks)]
    problems += [f"The placeholder {{{name}}} is declared but not used." for name in sorted((declared | marks) - used)]
    problems += [f"{name} is delimited but no placeholder." for name in data["delimited"] if name not in declared]
    problems += _value_problems(data, declared)
    if not data["decodings"]:
        problems.append("A prompt needs at least one decoding.")
    for name, values in data["decodings"].items():
        problems += _decoding_problems(name, values)
    return problems


def _value_problems(data: Mapping[str, Any], declared: set[str]) -> list[str]:
    """What the messages ask for that nobody could fill in."""
    if data["task"] not in TASKS:
        return [f"There is no task {data['task']}; there are: {', '.join(TASKS)}."]
    values, phrases = TASKS[data["task"]], data.get("phrases", {})
    problems = [
        f"There is no value {{{name}}}; a prompt for {data['task']} may name: {', '.join(values)}."
        for name in sorted(declared - set(values))
    ]
    for name in sorted(_FOREIGN & set(values) - set(data["delimited"])):
        problems.append(f"The {name} is text from outside: it must be a placeholder, and delimited.")
    problems += _nugget_problems(data)
    for name in sorted(declared & set(values)):
        for phrase, may_use in values[name].phrases.items():
            if phrase not in phrases:
                problems.append(f"{{{name}}} needs the phrase {phrase}.")
            for unknown in sorted(set(PLACEHOLDER.findall(phrases.get(phrase, ""))) - may_use):
                problems.append(f"The phrase {phrase} cannot be filled with {{{unknown}}}.")
    if "examples" in declared and data.get("example_words", 0) < 1:
        problems.append("A prompt with examples says in example_words how many words of a passage each shows.")
    return problems


def _nugget_problems(data: Mapping[str, Any]) -> list[str]:
    labels, then = data.get("labels", []), data.get("then")
    problems = []
    if (data["task"] in _LABELLING) != bool(labels):
        problems.append(f"Prompts for {' and '.join(_LABELLING)} list their labels, and no others do.")
    if not all(isinstance(label, str) and label for label in labels) or len(set(map(str, labels))) != len(labels):
        problems.append("labels are different texts.")
    if (data["task"] == "nuggets") != (then is not None):
        problems.append("A prompt for nuggets says in then which one weighs them, and no other does.")
    if then is not None and not (
        set(then) == {"key", "sha256"} and all(isinstance(value, str) for value in then.values())
    ):
        problems.append("then has a key and a sha256.")
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
