"""JSON Schema of a form, with the docstrings of its dataclasses as descriptions."""

import inspect
import re
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

_ATTRIBUTE = re.compile(r"^    (?P<names>\w+(?:, \w+)*): (?P<text>.+(?:\n {8,}.+)*)", re.MULTILINE)


def json_schema(schema: Any, title: str, version: int | None) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a pydantic core schema.

    Args:
        schema: What is described.
        title: What to call it.
        version: The `schema_version` of such documents, or None where they have none.
    """
    described = _Described().generate(schema)
    described.pop("title", None)
    if version is None:
        return {"$schema": GenerateJsonSchema.schema_dialect, "title": f"closeup {title}", **described}
    described["properties"] = {"schema_version": {"const": version}, **described["properties"]}
    described["required"] = ["schema_version", *described.get("required", [])]
    head = {"$schema": GenerateJsonSchema.schema_dialect, "title": f"closeup {title}, schema version {version}"}
    return {**head, **described}


class _Described(GenerateJsonSchema):
    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        """An object without other fields, each described by the class's docstring."""
        described = super().dataclass_schema(schema)
        described.pop("title", None)
        described["additionalProperties"] = False
        docstring = inspect.getdoc(schema["cls"]) or ""
        if not docstring.startswith(f"{schema['cls'].__name__}("):  # what dataclasses say where nobody has
            described["description"] = " ".join(docstring.partition("\n\n")[0].split())
        texts = {
            name: " ".join(found["text"].split())
            for found in _ATTRIBUTE.finditer(docstring)
            for name in found["names"].split(", ")
        }
        for field in schema["schema"]["fields"]:
            key = field.get("validation_alias", field["name"])
            if field["name"] in texts:
                described["properties"][key] = {"description": texts[field["name"]], **described["properties"][key]}
        return described

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never: the name of a field says as much."""
        return False
