"""The work that may be asked for from outside, and how a request becomes its arguments.

A request names media and results by their ids, and never a path: each parameter that is a path is taken from an id, is
chosen by the server, or is left out. All else is as on the command line, options included.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from closeup.core.errors import InputError
from closeup.documents.form import Form
from closeup.documents.jobs import Id
from closeup.jobs.arguments import arguments_class
from closeup.jobs.work import work
from closeup.media.caption_style import presets
from closeup.server.premises import Premises, to_medium, to_result

CASTS = ("cast", "cast.album", "cast.season")
PICTURES, ALL = ("photo", "archive"), ("video", "photo", "archive")
SEEN = ("video", "photo")
TAKES = "x-takes"
"""In the schema of a request, beside each id: which media it may name, or "cast" or "plan" for a result."""


@dataclass(frozen=True)
class Offer:
    """One kind of work, as it is offered.

    Attributes:
        name: Of the work.
        says: What it does, a line.
        scope: That it needs.
        takes: Parameter to the kinds of media, or "cast" or "shorts" for a result; with a * for several.
        output: Parameter of the result, with the name that it gets.
        left_out: Parameters that are not for those outside.
    """

    name: str
    says: str
    scope: str = "edit"
    takes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    output: tuple[str, str] | None = None
    left_out: tuple[str, ...] = ()

    @cached_property
    def form(self) -> Form[Any]:
        """What a request has to hold."""
        many = {name: tuple[Id, ...] if "*" in kinds else Id for name, kinds in self.takes.items()}
        optional = {name: kind | None for name, kind in many.items() if name in ("b",)}
        others: dict[str, Any] = {**many, **optional, **dict.fromkeys(self.left_out), "overwrite": None}
        if self.output is not None:
            others[self.output[0]] = None
        return Form(arguments_class(work(self.name), **others), f"closeup {self.name}")

    def schema(self) -> dict[str, Any]:
        """What a request has to hold, as JSON Schema: with what each id may name, and no option that names a file."""
        described = self.form.schema()
        for name, kinds in self.takes.items():
            described["properties"][name] |= {TAKES: [each for each in kinds if each != "*"]}
        for each in described.get("$defs", {}).values():
            options = each.get("properties", {})
            options.pop("font", None)
            for option, kind in (("captions", "captions"), ("background", "photo")):
                if option in options:
                    options[option] |= {TAKES: [kind]}
            if "caption_style" in options:
                plain = {key: options["caption_style"][key] for key in ("default", "description")}
                options["caption_style"] = {**plain, "type": "string", "enum": list(presets())}
        return described

    def arguments(self, place: Premises, given: Any, data: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """The work's arguments as JSON values, and the ids of what it uses.

        Args:
            given: What was asked for, read by `form`; `data` is the same as plain values.

        Raises:
            InputError: If an id is of nothing, or of something else; or a file is named that is not in the library.
        """
        arguments, uses = dict(data), list[str]()
        for name, kinds in self.takes.items():
            ids = getattr(given, name)
            if ids is None:
                continue
            several = ids if isinstance(ids, tuple) else (ids,)
            if not several or len(set(several)) != len(several):
                raise InputError(f"{name} must name something, and nothing twice.")
            paths = [self._path(place, each, kinds) for each in several]
            arguments[name] = paths if isinstance(ids, tuple) else paths[0]
            uses += several
        if self.output is not None:
            arguments[self.output[0]] = self.output[1]
        if "overwrite" in _parameters(self.name):
            arguments["overwrite"] = True  # the folder is the job's own; what a killed attempt left there gives way
        if is_dataclass(options := getattr(given, "options", None)):
            arguments["options"], more = _checked_options(place, options, dict(data.get("options") or {}))
            uses += more
        return arguments, uses

    def _path(self, place: Premises, each: str, kinds: tuple[str, ...]) -> str:
        if "cast" in kinds:
            return to_result(place.job(each, CASTS), "cast")
        if "plan" in kinds:
            return to_result(place.job(each, ("shorts",)), "shorts/plan.json")
        return to_medium(place.medium(each, set(kinds) - {"*"})[0])


def _parameters(name: str) -> set[str]:
    return {each.name for each in fields(arguments_class(work(name)))}


def _checked_options(place: Premises, options: Any, data: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Options whose files are media of the library; a style of captions is one of ours."""
    uses = []
    for each in fields(options):
        value = getattr(options, each.name)
        if each.name == "caption_style" and value not in presets():
            raise InputError(f"options.caption_style must be one of {', '.join(presets())}.")
        if each.name == "background" and not _COLOUR.fullmatch(value):
            if not _ID.fullmatch(value):
                raise InputError("options.background must be a colour as #336699, transparent, or the id of a photo.")
            record, _ = place.medium(value, ("photo",))
            data[each.name] = to_medium(record)
            uses.append(record.id)
        if isinstance(value, Path):
            if each.name != "captions":
                raise InputError(f"options.{each.name} names a file, which cannot be done from here.")
            record, _ = place.medium(value.as_posix(), ("captions",))
            data[each.name] = to_medium(record)
            uses.append(record.id)
    return data, uses


_COLOUR = re.compile("(#[0-9A-Fa-f]{3,6}|[A-Za-z]{1,20})?")
_ID = re.compile("[0-9a-f]{32}")

OFFERS = {
    offer.name: offer
    for offer in (
        Offer("cast", "Find who is in a video", takes={"video": ("video",)}, output=("folder", "cast")),
        Offer("cast.album", "Find who is in photos", takes={"photos": ("*", *PICTURES)}, output=("folder", "cast")),
        Offer("cast.season", "Cast several videos", takes={"videos": ("*", "video")}, output=("folder", "cast")),
        Offer("cast.regroup", "Group the people of a cast anew", takes={"folder": ("cast",)}),
        Offer(
            "shorts",
            "Make shorts around a person, or a plan of them",
            takes={"cast_folder": ("cast",)},
            output=("output", "shorts"),
            left_out=("video",),
        ),
        Offer(
            "shorts.render",
            "Render a plan of shorts",
            takes={"plan_file": ("plan",)},
            output=("output", "shorts"),
            left_out=("video",),
        ),
        Offer("reel", "Cut all scenes of a person", takes={"casts": ("*", "cast")}, output=("output", "reel.mp4")),
        Offer("faces", "Find faces, and how they look", takes={"sources": ("*", *ALL)}, output=("output", "faces")),
        Offer(
            "act",
            "Compare a performance with the original",
            takes={"original": ("video",), "attempt": ("video",)},
            output=("folder", "act"),
        ),
        Offer(
            "act.rank",
            "Rank several attempts at one performance",
            takes={"original": ("video",), "attempts": ("*", "video")},
            output=("folder", "act"),
        ),
        Offer(
            "portrait",
            "Put the background of photos and videos out of focus",
            takes={"sources": ("*", *SEEN)},
            output=("output", "portraits"),
        ),
        Offer(
            "matte",
            "Say how much of each pixel is a person",
            takes={"sources": ("*", *SEEN)},
            output=("output", "mattes"),
        ),
        Offer(
            "headline",
            "Name a text, and sum it up",
            takes={"text": ("text", "captions")},
            output=("out", "headline"),
            left_out=("model",),
        ),
        Offer(
            "appraise.look",
            "Look at a table of prices before anything is fitted to it",
            takes={"path": ("table",)},
            output=("out", "look"),
        ),
        Offer("gallery.enrol", "Enrol somebody by photos", "enrol", takes={"photos": ("*", *PICTURES)}),
        Offer("gallery.enrol-video", "Enrol somebody by a video", "enrol", takes={"video": ("video",)}),
        Offer("gallery.import-cast", "Enrol the named people of a cast", "enrol", takes={"folder": ("cast",)}),
        Offer("gallery.identify", "Say who is in photos and videos", "read", takes={"sources": ("*", *ALL)}),
        Offer("gallery.verify", "Compare two photos", "read", takes={"a": ("photo",), "b": ("photo",)}),
        Offer(
            "gallery.similar",
            "Find who is like a face",
            "read",
            takes={"photo": ("photo",)},
            left_out=("folder", "sheet"),
        ),
        Offer(
            "checkout.read",
            "See what lies on a counter, by this machine's catalogue",
            "read",
            takes={"photos": ("*", *PICTURES)},
            left_out=("shop",),
        ),
        Offer(
            "gallery.map",
            "Draw everybody in the gallery by likeness",
            "read",
            output=("output", "map.html"),
            left_out=("folder",),
        ),
    )
}
"""What is offered, by the work's name. The rest needs data sets, models or cameras of the server's own machine, and is
for its command line."""
