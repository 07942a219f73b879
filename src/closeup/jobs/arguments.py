"""Arguments of work as JSON and back: the one place where a worker learns what a row means.

The form of a work's arguments is made from its function: a field for each parameter, paths as text, and options as the
document that their dataclass is. So JSON is read as strictly as any file: nothing unknown, nothing of another type.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, fields, is_dataclass, make_dataclass
from functools import cache
from inspect import Parameter, signature
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from closeup.core.errors import CloseupError, InputError
from closeup.core.fields import Text
from closeup.documents.form import Form
from closeup.documents.jobs import ERROR, JobError
from closeup.jobs.work import Work, work

CALLBACKS = ("progress", "each", "say", "settings", "spread")
"""Parameters that a worker gives itself, functions mostly, or the work is not for it."""

PathText = Annotated[Path, Text(r"[^\x00]{1,4096}", "a path", Path, str)]


@cache
def arguments_form(name: str) -> Form[Any]:
    """The form of the arguments of the work of that name.

    Raises:
        InputError: If there is no such work, or JSON cannot say what it takes.
    """
    kind = work(name)
    parameters = signature(kind.function).parameters
    if "say" in parameters:
        raise InputError(f"{name} needs a person before a camera, so it is no job.", code="job.person")
    return Form(arguments_class(work(name)), f"closeup {name}: its arguments")


def arguments_class(kind: Work, **others: Any) -> type:
    """A dataclass with a field for each parameter of a work's function, callbacks and objects behind a protocol aside.

    Args:
        others: Annotations that take the place of the parameter's own; None leaves it out.
    """
    hints = get_type_hints(kind.function, include_extras=True)
    made: list[Any] = []
    for name, parameter in signature(kind.function).parameters.items():
        annotation = others.get(name, as_document(hints[name])) if name not in CALLBACKS else None
        if annotation is None or _is_object(hints[name]):
            continue
        needed = parameter.default is Parameter.empty
        made.append((name, annotation) if needed else (name, annotation, field(default=parameter.default)))
    return make_dataclass(f"{kind.name}_arguments", made, kw_only=True, frozen=True)


def _is_object(annotation: Any) -> bool:
    """Whether a parameter is for programs only: an object with the methods of a protocol, and a default of ours."""
    return any(getattr(each, "_is_protocol", False) for each in (annotation, *get_args(annotation)))


def as_document(annotation: Any) -> Any:
    """A parameter's type as that of a document's field: paths are text, and sequences tuples."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation is Path:
        return PathText
    if origin is Annotated or not inner or origin is Callable:
        return annotation
    if origin in (Union, UnionType):
        loaded = [each for each in inner if is_dataclass(each) and str in inner]  # beside its name
        kinds = [as_document(each) for each in inner if not (each is str and Path in inner) and each not in loaded]
        return kinds[0] if len(kinds) == 1 else Union[tuple(kinds)]  # noqa: UP007 - they are known only now
    if origin is Sequence:
        return tuple[as_document(inner[0]), ...]  # type: ignore[misc]
    return annotation


def decode_arguments(name: str, data: object) -> dict[str, Any]:
    """Arguments of a work from JSON values, ready to call it with.

    Raises:
        InputError: If there is no such work, or it takes no such arguments, or the options are refused.
    """
    read = arguments_form(name).from_data(data, name)
    return {each.name: getattr(read, each.name) for each in fields(read)}


def encode_arguments(name: str, **arguments: Any) -> dict[str, Any]:
    """Arguments of a work as the JSON values that `decode_arguments` takes; paths as text.

    Raises:
        InputError: If there is no such work, or JSON cannot say what it takes.
    """
    form = arguments_form(name)
    data: dict[str, Any] = form.to_data(form.kind(**arguments))
    return data


def collects(kind: Work) -> bool:
    """Whether a work gives its answers one by one to a function `each`, and has to be given one."""
    each = signature(kind.function).parameters.get("each")
    return each is not None and each.default is Parameter.empty


def result_data(value: object) -> Any:
    """What work gave, as JSON values; None where that is not a document, but lies in files."""
    if isinstance(value, CloseupError):
        return ERROR.to_data(JobError(value.message, value.hint, value.code))
    if isinstance(value, tuple | list):
        return [result_data(each) for each in value]
    if isinstance(value, str | int | float | NoneType):
        return value
    if isinstance(value, Mapping):
        return {str(key): result_data(each) for key, each in value.items()}
    if is_dataclass(value):
        kind: type = type(value)
        form = _form_of(kind)
        return None if form is None else form.to_data(value)
    return None


@cache
def _form_of(kind: type) -> Form[Any] | None:
    """The form that a dataclass's own module declares for it; in documents/ all dataclasses are forms."""
    for each in vars(sys.modules[kind.__module__]).values():
        if isinstance(each, Form) and each.kind is kind:
            return each
    return Form(kind, f"closeup: {kind.__name__}") if kind.__module__.startswith("closeup.documents.") else None
