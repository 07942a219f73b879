"""Files as answers: in whole or in ranges; small pieces are read in one go, and large ones sent as they are read."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, NamedTuple

from fastapi import Depends, Header
from fastapi.responses import FileResponse, Response

from closeup.core.errors import InputError
from closeup.server.loopback import part_of

SMALL_BYTES = 1 << 18
"""What is read into memory: portraits, thumbnails, and the pieces of a video that a player looks ahead for."""

_RANGE = re.compile("([0-9]{0,18})-([0-9]{0,18})")

ByteRange = tuple[str, str]
"""First and last byte of a range, as text, the one or the other perhaps empty."""


async def range_of(
    given: Annotated[str | None, Header(alias="Range", max_length=1000)] = None,
    unless: Annotated[str | None, Header(alias="If-Range", include_in_schema=False)] = None,
) -> ByteRange | None:
    """The range of a file that is asked for; None where it is the whole, several ranges, or a condition goes with it.

    Raises:
        InputError: With the status 400, if they are no ranges of bytes.
    """
    if given is None:
        return None
    unit, _, parts = given.partition("=")
    ranges: list[ByteRange] = []
    for part in parts.split(","):
        found = _RANGE.fullmatch(part.strip())
        if unit.strip() != "bytes" or found is None or not any(found.groups()):
            raise InputError("Range must be as bytes=0-499.", code="server.range", status=400)
        if all(found.groups()) and int(found[1]) > int(found[2]):
            raise InputError("A range must not end before it starts.", code="server.range", status=400)
        ranges.append((found[1], found[2]))
    return ranges[0] if len(ranges) == 1 and unless is None else None


InRange = Annotated[ByteRange | None, Depends(range_of)]


class ServedFile(NamedTuple):
    """A file that may be given out.

    Attributes:
        headers: What its answer says besides.
    """

    path: Path
    media_type: str
    headers: Mapping[str, str] = MappingProxyType({})


def file_answer(file: ServedFile, part: ByteRange | None) -> Response:
    """A file, or a part of it.

    Raises:
        InputError: With the status 404, if it is gone, and 416, if the part is beyond it.
    """
    path, media_type, headers = file
    try:
        opened = path.open("rb")
    except FileNotFoundError as error:
        raise InputError("There is no such file.", code="server.absent", status=404) from error
    with opened:
        answer = FileResponse(path, media_type=media_type, headers=headers, stat_result=path.stat())
        size = int(answer.headers["content-length"])
        first, last = (0, size - 1) if part is None else part_of(*part, size)
        if part is not None and (first >= size or first > last):
            beyond = {"content-range": f"bytes */{size}"}
            raise InputError(f"It has {size} bytes.", code="server.range", status=416, headers=beyond)
        if last - first >= SMALL_BYTES:
            answer.chunk_size = SMALL_BYTES
            return answer
        opened.seek(first)
        content = opened.read(last + 1 - first)
    told = {**answer.headers, "content-length": str(len(content))}
    if part is None:
        return Response(content, headers=told)
    return Response(content, 206, {**told, "content-range": f"bytes {first}-{last}/{size}"})
