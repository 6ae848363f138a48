import argparse
import re

from django.core.management.base import BaseCommand

from assessment.services.tracks import track_create


def grades(text: str) -> range:
    """`0-3` as the grades 0, 1, 2, 3."""
    found = re.fullmatch(r"(\d)-(\d)", text)
    if not found or int(found[1]) >= int(found[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is no scale; write it like 0-3")
    return range(int(found[1]), int(found[2]) + 1)


class Command(BaseCommand):
    help = "Make a track. Its grades get plain labels; word them in the browser, under Settings."

    def add_arguments(self, parser):
        parser.add_argument("slug", metavar="SLUG", help="the track's short name: letters, digits, - and _")
        parser.add_argument("--name", help="the name on the pages (default: the slug)")
        parser.add_argument("--scale", type=grades, default=range(4), help="lowest and highest grade (default: 0-3)")
        parser.add_argument("--relevant-from", type=int, default=1, help="lowest grade that counts as relevant")

    def handle(self, *, slug, name, scale, relevant_from, **options):
        track = track_create(slug=slug, name=name or slug, scale=scale, relevant_from=relevant_from)
        self.stdout.write(f"Track {track.slug}, grades {scale[0]}-{scale[-1]}.")
