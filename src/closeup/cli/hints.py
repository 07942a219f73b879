"""What to type next after an error: the command line's words for the codes of errors.

A text names the error's facts in braces, `{name!q}` quoted for the shell; `{hint}` is the error's own hint. Where
words depend on a fact, a function of the facts gives them.
"""

import re
import shlex
from collections.abc import Callable, Mapping
from string import Formatter
from typing import Any

from closeup.core.errors import CloseupError
from closeup.core.installed import extra_command, renewal

Words = str | Callable[[Mapping[str, Any]], str]


def pull_command(facts: Mapping[str, Any]) -> str:
    """The command that fetches the model `name`; where it is `mirror_only`, with the setting that it needs."""
    return f"{'CLOSEUP_MODELS_MIRROR=FOLDER ' * facts['mirror_only']}closeup models pull {facts['name']}"


def flag_name(field: str) -> str:
    """How a field of an options class is spelt on the command line: "min_length_s" is min-length."""
    return re.sub(r"_(s|px)$", "", field).replace("_", "-")


HINTS: dict[str, Words] = {
    # results and files
    "result.exists": "Add --overwrite to replace it, or choose another place with -o.",
    "result.place": "{hint} The place is chosen with -o.",
    "file.newer": lambda facts: f"Get the latest one: {renewal()}",
    "package.absent": lambda facts: f"Install what it needs: {extra_command(facts['extra'])}",
    "option": lambda facts: f"{facts['hint']} For instance: --{flag_name(facts['option'])} {facts['example']}",
    "page.absent": "Build it in the folder of the sources, with Node.js 20 or newer: make studio",
    # casts
    "cast.absent": "Make one: closeup cast VIDEO",
    "cast.nameless": "Give someone a name first: closeup people {folder!q} name p1 Anna",
    "cast.damaged": "Make it anew: closeup cast VIDEO --overwrite",
    "faces.damaged": "Make it anew: closeup faces VIDEO --overwrite",
    "demo.portrait": lambda _: f"{extra_command('demo')}, or give a video of your own: closeup demo VIDEO",
    "cast.person": "See who there is: closeup people {folder!q} list",
    "cast.hidden": "Show them: closeup people {folder!q} unhide {person}",
    "cast.tracks": "closeup people {folder!q} {kind} {person} --tracks {track}",
    "cast.apart": (
        "If one of the tracks is wrong there, take it out first: closeup people {folder!q} not {person} --tracks ..."
    ),
    "cast.album": "Photos have no scenes; see who is in them: closeup people {folder!q} list",
    "cast.season": (
        "Cut all scenes with someone together: closeup reel {folder!q} --person ID; or cast one video by itself."
    ),
    "cast.video": (
        "Put it back, or beside the folder; shorts take it from anywhere: closeup shorts {folder!q} --video FILE"
    ),
    "cast.other-video": "Give the video as it was, or make the cast of this one: closeup cast {video!q}",
    "cast.changed-video": (
        "Make the cast anew: closeup cast {video!q} -o {folder!q} --overwrite; or, for shorts, say where the old one "
        "is now: closeup shorts {folder!q} --video FILE"
    ),
    # shorts
    "shorts.person": "{hint} Choose one with --person ID",
    "shorts.longer": "Leave more room: --max-length {length}",
    "shorts.shorter": "Ask for shorter ones: --min-length {length}",
    "captions.encoding": "{hint} Or name the code page: closeup shorts takes --caption-encoding cp1252, for instance.",
    "shorts.shorter-or-bare": "Ask for shorter ones, --min-length {length}, or leave --captions out.",
    "shorts.plan": "Make a plan: closeup shorts CASTDIR --person ID --plan",
    "shorts.plan-anew": "Plan anew: closeup shorts {cast!q} --person {person} --plan",
    "shorts.space": (
        "Free some space, choose another place with -o, or ask for fewer or smaller ones: --count, --height"
    ),
    # media
    "video.changed": "Make the cast again from this file: closeup cast {path!q} --overwrite",
    "camera.absent": "See that it is plugged in and that no other program uses it, or take a video: --video FILE",
    # models
    "model.unknown": "{hint} `closeup models list` says more.",
    "model.absent": "See which models are here: closeup models list",
    "model.far": "Use another set of models: --models auto",
    "model.mirror": lambda facts: f"{facts['hint']} Then: {pull_command(facts)}",
    "model.noncommercial": (
        "Train one on pictures that allow it (recipes/{name}.toml), or allow it: leave out --commercial-only and unset "
        "CLOSEUP_COMMERCIAL_ONLY."
    ),
    "model.pull": lambda facts: f"Pull it with: {pull_command(facts)}",
    "model.pull-again": lambda facts: f"Pull it again with: {pull_command(facts)}",
    "model.reinstall": "Reinstall it with: pip install --force-reinstall {requirement}",
    "model.verify": "Check it with: closeup models verify",
    # the gallery
    "gallery.empty": "Enrol someone first: closeup gallery enrol NAME PHOTO",
    "gallery.other-model": (
        "Fetch the other model (closeup models pull {name}), choose it with --models, or enrol everybody again."
    ),
    "gallery.old-model": "{hint} For each of them: closeup gallery enrol NAME PHOTO...",
    "gallery.already-enrolled": (
        "If it is the same person, enrol it as {known}; if these are two people who look alike, add --force."
    ),
    "gallery.doubtful": "Cut out the face that is meant, or take the largest: --largest",
    "gallery.doubtful-faces": (
        "Say which: closeup gallery remove {name!q} FACE; or enrol more photos, so that the wrong ones stand alone."
    ),
    "gallery.unknown": "See who is: closeup gallery list",
    "gallery.taken": "If they are one person, merge them: closeup gallery merge",
    "gallery.face": "See their faces: closeup gallery show {name!q}",
    "gallery.last-face": "To remove them altogether: closeup gallery delete {name!q}",
    "gallery.scrub": "Close what uses the gallery, then type: closeup gallery purge",
    "gallery.encoding": "Create the database anew: createdb --encoding=UTF8 --template=template0 NAME",
    # the counter
    "checkout.price": "Say it: --price AMOUNT",
    "checkout.product": "See what there is: closeup checkout product list --retired",
    "shopper.consent": "Ask them; if they agree: --consent",
    "shopper.absent": "See who is: closeup checkout shopper list",
    "shopper.pin": "Give digits only, four to eight.",
    "checkout.sale": "See what was sold: closeup checkout sales",
    "checkout.taken": (
        "For another price: closeup checkout product price {name!q} AMOUNT; for more photos, leave out --price."
    ),
    # the server
    "server.url": "Say the address that people will type: --url https://NAME (or http://NAME:{port})",
    # learners
    "recommend.column": "Its columns are: {columns}. Say which it is: --{what} COLUMN",
    "learner.absent": "See how one is made: closeup {kind} --help",
    # training, runs and what is done with them
    "audit.absent": "Make one: closeup data audit DATA -o DIR",
    "evaluation.label": "Say which class is meant: --rename {label}={near}; or leave them out: --rename {label}=",
    "evaluation.column": "{hint} Say it with: --field {head}=COLUMN",
    "evaluation.side": "Leave out --split for all of them, or name the split: --split-file FILE.csv",
    "data.look": "Look at the data: closeup data look DATA",
    "recipe.set": "{hint} For instance: --set {setting}",
    "runs.list": "{hint} See the runs: closeup runs list",
    "runs.none": "Make one: closeup train RECIPE.toml (or say --runs DIR).",
    "run.finished": "See what came of it: closeup runs show {run}",
    "run.gpu": "Go on from the last checkpoint: closeup train --resume {run!q}",
    "run.memory": (
        "Try half: --set stages.0.batch={batch}, or a smaller model.input_px. The run as it is goes on with: "
        "closeup train --resume {run!q}"
    ),
    "run.unfinished": "Finish it first: closeup train --resume {run}",
    "run.stopped": "Go on with it: closeup train --resume {run}; or see what happened: closeup runs show {run}",
    "run.data": "Bring back the data of that time, see: closeup runs show {run}",
}
"""Code of an error to what follows it; an error of another code is followed by its own hint."""


class _Filler(Formatter):
    """Fills facts into a text; the conversion `q` quotes one for the shell."""

    def convert_field(self, value: Any, conversion: Any) -> Any:
        return shlex.quote(str(value)) if conversion == "q" else super().convert_field(value, conversion)


def hint(error: CloseupError) -> str:
    """What to type or do after `error`, one line; empty where there is nothing to say."""
    words = HINTS.get(error.code)
    if words is None:
        return error.hint
    facts = {"folder": "DIR", **error.facts, "hint": error.hint}
    return (words(facts) if callable(words) else _Filler().vformat(words, (), facts)).strip()
