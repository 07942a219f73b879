"""The work that may be asked for from outside, and how a request becomes its arguments.

A request names media and results by their ids: each parameter that is a path is taken from an id, is chosen by the
server, or is left out. Who is an admin may name some by their whole path on the server's disk, as the command line
does. All else is as there, options included.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from closeup.core.errors import InputError
from closeup.core.fields import Text
from closeup.documents.form import Form
from closeup.documents.jobs import Id
from closeup.jobs.arguments import arguments_class
from closeup.jobs.work import work
from closeup.learning.runs.reading import run_folders
from closeup.media.caption_style import presets
from closeup.server.premises import Premises, absent, to_medium, to_result
from closeup.workbench.recipes.recipe import DataSource, Recipe
from closeup.workbench.recipes.recipe_file import RECIPE, read_recipe

CASTS = ("cast", "cast.album", "cast.season")
PICTURES, ALL = ("photo", "archive"), ("video", "photo", "archive")
SEEN = ("video", "photo")
DATA = ("archive", "path")
TAKES = "x-takes"
"""In the schema of a request, beside each id: which media it may name, or which of `RESULTS`."""

RESULTS = {
    "cast": (CASTS, "cast"),
    "plan": (("shorts",), "shorts/plan.json"),
    "appraiser": (("appraise.fit",), "model"),
    "recommender": (("recommend.fit", "recommend.add"), "model"),
    "headliner": (("headline.train",), "model"),
}
"""What jobs give that others take: which jobs, and where in their folders."""

_HEX, _PATH, _NAME = "[0-9a-f]{32}", r"/[^\x00-\x1f]{1,4094}", r"[A-Za-z0-9][A-Za-z0-9 ._+-]{0,200}"
DiskPath = Annotated[str, Text(_PATH, "a whole path on the server's disk")]
IdOrPath = Annotated[str, Text(f"({_HEX}|{_PATH})", "an id or, by an admin, a whole path on the server's disk")]
Name = Annotated[str, Text(_NAME, "the name of a run, or of a model that comes with closeup")]


@dataclass(frozen=True)
class Offer:
    """One kind of work, as it is offered.

    Attributes:
        name: Of the work.
        says: What it does, a line.
        scope: That it needs.
        takes: Parameter to the kinds of media or results that it may be, with a * for several; "path" where an admin
            may name a place on the disk, "run" and "name" for one of the server's runs, or models too.
        output: Parameter of the result, with the name that it gets.
        left_out: Parameters that are not for those outside.
        optional: Parameters of `takes` that may be missing.
    """

    name: str
    says: str
    scope: str = "edit"
    takes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    output: tuple[str, str] | None = None
    left_out: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @cached_property
    def form(self) -> Form[Any]:
        """What a request has to hold."""
        taken = {name: _type_of(kinds) for name, kinds in self.takes.items()}
        if "source" in taken:
            taken["source"] = taken["source"] | DataSource
        if "recipe" in taken:
            taken["recipe"] = taken["recipe"] | Recipe
        optional = {name: taken[name] | None for name in self.optional}
        chosen = dict.fromkeys((*self.left_out, "overwrite", "runs_dir"))
        others: dict[str, Any] = {**taken, **optional, **chosen}
        if self.output is not None:
            others[self.output[0]] = None
        return Form(arguments_class(work(self.name), **others), f"closeup {self.name}")

    def schema(self) -> dict[str, Any]:
        """What a request has to hold, as JSON Schema: with what each id may name, and no option that names a file."""
        described = self.form.schema()
        for name, kinds in self.takes.items():
            if named := [each for each in kinds if each not in ("*", "path", "name", "run")]:
                described["properties"][name] |= {TAKES: named}
        for each in described.get("$defs", {}).values():
            options = each.get("properties", {})
            for option in _OF_FILES:
                options.pop(option, None)
            for option, kind in (("captions", "captions"), ("background", "photo")):
                if option in options:
                    options[option] |= {TAKES: [kind]}
            if "caption_style" in options:
                plain = {key: options["caption_style"][key] for key in ("default", "description")}
                options["caption_style"] = {**plain, "type": "string", "enum": list(presets())}
        return described

    def arguments(
        self, place: Premises, given: Any, data: Mapping[str, Any], *, by_admin: bool = False
    ) -> tuple[dict[str, Any], list[str]]:
        """The work's arguments as JSON values, and the ids of what it uses.

        Args:
            given: What was asked for, read by `form`; `data` is the same as plain values.
            by_admin: Who asks may name places on the disk.

        Raises:
            InputError: If an id is of nothing, or of something else; or a file is named that is not in the library.
        """
        arguments, uses = dict(data), list[str]()
        for name, kinds in self.takes.items():
            if data.get(name) is None:
                arguments.pop(name, None)
                continue
            if name == "source":
                arguments[name], more = _source(place, data[name], by_admin=by_admin)
                uses += more
                continue
            if name == "recipe" and not isinstance(data[name], str):
                continue
            ids = getattr(given, name)
            several = ids if isinstance(ids, tuple) else (ids,)
            if not several or len(set(several)) != len(several):
                raise InputError(f"{name} must name something, and nothing twice.")
            paths = [_path(place, each, kinds, by_admin=by_admin) for each in several]
            arguments[name] = paths if isinstance(ids, tuple) else paths[0]
            uses += [each for each in several if isinstance(each, str) and _ID.fullmatch(each)]
        if self.name == "train" and isinstance(data["recipe"], str):
            arguments["recipe"] = RECIPE.to_data(read_recipe(place.medium(data["recipe"])[1]))
        if self.name == "data.split" and (data.get("recipe") or {}).get("file"):
            raise InputError("recipe.file names a file, which cannot be done from here.")
        if self.output is not None:
            arguments[self.output[0]] = self.output[1]
        if "overwrite" in _parameters(self.name):
            arguments["overwrite"] = True  # the folder is the job's own; what a killed attempt left there gives way
        if "runs_dir" in _parameters(self.name) and (place.runs or self.name == "train"):
            arguments["runs_dir"] = str(_runs(place))
        if is_dataclass(options := getattr(given, "options", None)):
            arguments["options"], more = _checked_options(place, options, dict(data.get("options") or {}))
            uses += more
        return arguments, uses


def _type_of(kinds: tuple[str, ...]) -> Any:
    """How a request names something of these kinds."""
    if "*" in kinds:
        return tuple[Id, ...]
    if kinds == ("path",):
        return DiskPath
    return Name if "name" in kinds or "run" in kinds else IdOrPath if "path" in kinds else Id


def _path(place: Premises, each: str, kinds: tuple[str, ...], *, by_admin: bool) -> str:
    """What a job is given for what a request names: a path from the job's folder, or a name."""
    if "name" in kinds:
        return each
    if "run" in kinds:
        if (_runs(place) / each) not in run_folders(_runs(place)):
            raise absent("There is no such run.")
        return str(_runs(place) / each)
    if each.startswith("/"):
        if not by_admin:
            raise InputError("Naming places on the disk needs the scope admin.", code="server.scope", status=403)
        return each
    for kind in RESULTS.keys() & set(kinds):
        works, where = RESULTS[kind]
        return to_result(place.job(each, works), where)
    return to_medium(place.medium(each, set(kinds) - {"*", "path"})[0])


def _runs(place: Premises) -> Path:
    if place.runs is None:
        raise InputError("This server keeps no runs.", code="server.absent", status=404)
    return place.runs


def _source(place: Premises, data: Any, *, by_admin: bool) -> tuple[dict[str, Any], list[str]]:
    """Data by the id of an archive, by a path, or as a document with the one or the other as its path."""
    plain = {"path": data} if isinstance(data, str) else dict(data)
    if not re.fullmatch(f"{_HEX}|{_PATH}", plain["path"]):
        raise InputError("source.path must be an id or a whole path.")
    if plain.get("corrections") and not (by_admin and plain["corrections"].startswith("/")):
        raise InputError("source.corrections must be a whole path, by an admin.")
    uses = [] if plain["path"].startswith("/") else [plain["path"]]
    return {**plain, "path": _path(place, plain["path"], DATA, by_admin=by_admin)}, uses


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


_OF_FILES = ("font", "split_file", "calibrate")
"""Options that name a file, which is not done from outside."""

_COLOUR = re.compile("(#[0-9A-Fa-f]{3,6}|[A-Za-z]{1,20})?")
_ID = re.compile("[0-9a-f]{32}")
