from decimal import Decimal, InvalidOperation

from django.core.management.base import BaseCommand

from assessment.domain.errors import DomainError
from llm_worker.domain.engine_options import DIALECTS, QUEUES
from llm_worker.domain.limits import Prices
from llm_worker.services.judges import DEFAULT_WORDS, Examples, judge_create

SERVER = ("base_url", "api_key_env", "dialect", "concurrency")


class Command(BaseCommand):
    help = "Make a judge: an engine, a model, a prompt and a decoding under one name."

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME", help="also the name of its assessor in every track")
        parser.add_argument("--engine", choices=["openai", "vllm", "llama_cpp"], default="openai")
        parser.add_argument("--model", required=True, help="as the server names it; for vllm a name or a folder")
        parser.add_argument("--revision", default="", help="of the model's weights, as their hub says")
        parser.add_argument("--prompt", default="umbrela.v1", help="a file of llm_worker/prompts (default: umbrela.v1)")
        parser.add_argument("--decoding", choices=["reference", "token", "json"], default="reference")
        parser.add_argument("--queue", choices=QUEUES, default="cpu", help="whose workers ask it")
        parser.add_argument("--description", default="", help="in a sentence, for those who read of it")
        server = parser.add_argument_group("the server (engine openai)")
        server.add_argument("--base-url", help="with /v1; without it the judge is asked by batch files alone")
        server.add_argument("--api-key-env", help="name of the environment variable that holds the key, never the key")
        server.add_argument("--dialect", choices=DIALECTS, default="openai")
        server.add_argument("--concurrency", type=int, help="requests at a time")
        reads = parser.add_argument_group("what it reads")
        reads.add_argument(
            "--max-passage-words",
            type=int,
            default=DEFAULT_WORDS,
            help=f"default: {DEFAULT_WORDS}; 0: not cut",
        )
        reads.add_argument("--max-passage-tokens", type=int, help="in the model's own tokens; default: not cut so")
        reads.add_argument("--examples-from", default="", metavar="ASSESSOR", help="whose grades the prompt shows")
        reads.add_argument("--examples-per-grade", type=int, default=0)
        reads.add_argument("--examples-seed", type=int, default=0, help="of their draw (default: 0)")
        prices = parser.add_argument_group("prices of a million tokens")
        prices.add_argument("--price-in", type=_price, help="read")
        prices.add_argument("--price-cached", type=_price, help="read from a cache (default: as read)")
        prices.add_argument("--price-out", type=_price, help="written")
        prices.add_argument("--currency", default="USD", help="default: USD")

    def handle(self, *, name, engine, model, prompt, decoding, queue, **options):
        judge = judge_create(
            name=name,
            engine=engine,
            model=model,
            model_revision=options["revision"],
            prompt=prompt,
            decoding=decoding,
            queue=queue,
            description=options["description"],
            options={key: options[key] for key in SERVER if options[key]} if engine == "openai" else {},
            max_passage_words=options["max_passage_words"] or None,
            max_passage_tokens=options["max_passage_tokens"],
            examples=Examples(options["examples_from"], options["examples_per_grade"], options["examples_seed"]),
            prices=Prices(*(options[f"price_{kind}"] for kind in ("in", "cached", "out")), options["currency"]),
        )
        self.stdout.write(f"{judge.name}: {judge.model} on {judge.engine}, {judge.prompt}, {judge.decoding} decoding.")


def _price(text: str) -> Decimal:
    try:
        price = Decimal(text)
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite():
        raise DomainError(f"{text!r} is no price.")
    return price
