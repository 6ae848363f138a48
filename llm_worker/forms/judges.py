"""Judges made, and two of them compared."""

from django import forms

from assessment.models import Pool, Track
from llm_worker.domain.engine_options import DIALECTS, MOST_AT_ONCE, QUEUES
from llm_worker.domain.limits import Prices
from llm_worker.domain.prompts import available
from llm_worker.models import JudgeConfiguration
from llm_worker.services.jobs import LARGEST_TRIAL
from llm_worker.services.judges import LARGEST_SEED, LONGEST_PASSAGE, MOST_EXAMPLES, Examples

ENGINES = [
    ("openai", "an OpenAI-compatible server, or batch files"),
    ("vllm", "vLLM, inside a worker"),
    ("llama_cpp", "llama.cpp, inside a worker"),
]


class CompareForm(forms.Form):
    """Two judges, a pool, a passage to render, and a trial's size. What the address leaves out is filled in."""

    a = forms.ModelChoiceField(
        JudgeConfiguration.objects.filter(task="relevance"), to_field_name="name", empty_label=None, label="One judge"
    )
    b = forms.ModelChoiceField(
        JudgeConfiguration.objects.filter(task="relevance"), to_field_name="name", empty_label=None, label="The other"
    )
    pool = forms.ModelChoiceField(Pool.objects.none(), empty_label=None)
    item = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)
    seed = forms.IntegerField(min_value=0, max_value=LARGEST_SEED, label="Draw")
    size = forms.IntegerField(min_value=1, max_value=LARGEST_TRIAL, label="Pairs to try")

    def __init__(self, data, *, track: Track):
        pools = Pool.objects.filter(track=track)
        names = list(JudgeConfiguration.objects.filter(task="relevance").values_list("name", flat=True)[:2])
        pool = pools.values_list("pk", flat=True).first()
        # A first choice for whatever is not said: the first two judges, the newest pool, the first draw.
        given = {"a": names[0] if names else "", "b": names[-1] if names else "", "pool": pool, "seed": 0, "size": 5}
        super().__init__(given | {name: value for name, value in data.items() if value != "" or name == "item"})
        self.fields["pool"].queryset = pools
        self.can_compare = pool is not None and len(names) == 2

    def judges(self) -> list[JudgeConfiguration]:
        """The two judges of a valid form."""
        return [self.cleaned_data["a"], self.cleaned_data["b"]]

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("a") is not None and cleaned.get("a") == cleaned.get("b"):
            raise forms.ValidationError("Choose two different judges.")
        return cleaned


class TermsForm(forms.Form):
    """What may be changed of a judge at any time: prices, description and caveat."""

    price_in = forms.DecimalField(
        required=False, min_value=0, max_digits=12, decimal_places=6, label="A million tokens read"
    )
    price_cached = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=12,
        decimal_places=6,
        label="… read from a cache",
        help_text="Left empty: as those read.",
    )
    price_out = forms.DecimalField(required=False, min_value=0, max_digits=12, decimal_places=6, label="… written")
    currency = forms.CharField(max_length=3, min_length=3, initial="USD")
    description = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 3}))
    caveat = forms.CharField(required=False, max_length=200, help_text="What everyone who sees its labels must know.")

    def prices(self) -> Prices:
        """The prices of a valid form."""
        asked = self.cleaned_data
        return Prices(asked["price_in"], asked["price_cached"], asked["price_out"], asked["currency"].upper())

    def price_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in ("price_in", "price_cached", "price_out", "currency")]

    @staticmethod
    def of(judge: JudgeConfiguration) -> dict:
        """The fields as they stand for this judge."""
        return {name: getattr(judge, name) for name in TermsForm.base_fields}


class JudgeForm(TermsForm):
    """A new judge, all of it."""

    name = forms.CharField(max_length=80, help_text="Also the name of its assessor in every track.")
    engine = forms.ChoiceField(choices=ENGINES, initial="openai")
    model = forms.CharField(
        max_length=200,
        help_text="As the server names it; for vLLM its name at the hub or a folder; for llama.cpp a GGUF file, or "
        "SmolLM2-135M-Instruct.",
    )
    model_revision = forms.CharField(
        required=False, max_length=100, label="Revision", help_text="Of the weights, as their hub says."
    )
    prompt = forms.ChoiceField(widget=forms.RadioSelect)
    decoding = forms.ChoiceField()
    base_url = forms.CharField(
        required=False,
        max_length=500,
        label="Server’s address",
        help_text="With /v1, as any OpenAI client takes it. Left empty: only batch files can ask it.",
    )
    api_key_env = forms.CharField(
        required=False,
        max_length=64,
        label="Variable of the key",
        help_text="The name of the environment variable that holds the key, such as LLM_API_KEY. Never the key.",
    )
    dialect = forms.ChoiceField(
        choices=[(one, one) for one in DIALECTS],
        initial="openai",
        help_text="How the server takes constrained answers.",
    )
    concurrency = forms.IntegerField(
        required=False, min_value=1, max_value=MOST_AT_ONCE, label="Requests at a time", help_text="Left empty: 4."
    )
    queue = forms.ChoiceField(choices=[(one, one) for one in QUEUES], help_text="Whose workers ask it.")
    max_passage_words = forms.IntegerField(
        required=False, min_value=1, max_value=LONGEST_PASSAGE, initial=800, label="Words of a passage"
    )
    max_passage_tokens = forms.IntegerField(
        required=False, min_value=1, max_value=LONGEST_PASSAGE, label="Tokens of a passage"
    )
    examples_from = forms.CharField(
        required=False,
        max_length=150,
        label="Examples by",
        help_text="The assessor, in each track, whose grades of other topics the prompt shows.",
    )
    examples_per_grade = forms.IntegerField(
        required=False, min_value=1, max_value=MOST_EXAMPLES, label="Examples a grade"
    )
    examples_seed = forms.IntegerField(required=False, min_value=0, max_value=LARGEST_SEED, label="Seed of their draw")

    SERVER = ("base_url", "api_key_env", "dialect", "concurrency")

    def __init__(self, data=None, *, like: JudgeConfiguration | None = None):
        super().__init__(data, initial=_as_asked(like) if like else {})
        known = [one for one in available() if one.task in JudgeConfiguration.Task.values]
        self.fields["prompt"].choices = [(one.key, f"{one.key}: {one.description.strip()}") for one in known]
        names = dict.fromkeys(name for one in known for name in one.decodings)
        labels = dict(JudgeConfiguration.Decoding.choices)
        self.fields["decoding"].choices = [(name, labels.get(name, name)) for name in names]
        if known and "prompt" not in self.initial:
            self.initial["prompt"] = known[0].key

    def configuration(self) -> dict:
        """What a valid form asks `judge_create` for."""
        asked = self.cleaned_data
        same = ("name", "engine", "model", "model_revision", "prompt", "decoding", "queue", "description", "caveat")
        limits = ("max_passage_words", "max_passage_tokens")
        server = self.SERVER if asked["engine"] == "openai" else ()
        examples = (asked["examples_from"], asked["examples_per_grade"] or 0, asked["examples_seed"] or 0)
        return {name: asked[name] for name in (*same, *limits)} | {
            "options": {name: asked[name] for name in server if asked[name]},
            "examples": Examples(*examples),
            "prices": self.prices(),
        }

    def fields_of(self, *names: str) -> list[forms.BoundField]:
        return [self[name] for name in names]

    @property
    def sections(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields by heading."""
        return [
            ("Server, for an OpenAI-compatible one", self.fields_of(*self.SERVER)),
            ("Passages are cut after", self.fields_of("max_passage_words", "max_passage_tokens")),
            ("Examples, for a prompt that shows some", self.fields_of(*_EXAMPLES)),
            ("Prices", self.price_fields()),
        ]


_EXAMPLES = ("examples_from", "examples_per_grade", "examples_seed")


def _as_asked(judge: JudgeConfiguration) -> dict:
    """The fields of a judge that is like this one; its name stays to be chosen."""
    same = ("engine", "model", "model_revision", "prompt", "decoding", "queue", "max_passage_words")
    fields = TermsForm.of(judge) | {name: getattr(judge, name) for name in (*same, "max_passage_tokens")}
    if judge.examples_per_grade:
        fields |= {name: getattr(judge, name) for name in _EXAMPLES}
    return fields | {name: judge.options[name] for name in JudgeForm.SERVER if name in judge.options}
