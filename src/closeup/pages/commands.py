"""The commands that saved pages offer to copy: a page on a disk has no server behind it, so it speaks to the shell.

Each list is of pairs: what for, and what to type.
"""

import shlex
from pathlib import Path

Commands = list[tuple[str, str]]


def start_for_cast(folder_name: str) -> str:
    """What every change to the cast in a folder begins with."""
    return f"closeup people {shlex.quote(folder_name)}"


def for_cast(folder_name: str, people: list[tuple[str, str | None, tuple[str, ...]]], *, hidden: bool) -> Commands:
    """What puts a cast right.

    Args:
        folder_name: Of the result folder.
        people: Id, name and tracks of each.
        hidden: Whether people are hidden.
    """
    start = start_for_cast(folder_name)
    undo = ("Take the last change back", f"{start} undo")
    if not people:
        return [("See who is hidden", f"{start} list"), undo] if hidden else []
    first = next((person for person in people if person[1] is None), people[0])
    commands = [("Give someone a name", f'{start} name {first[0]} "Anna"')]
    if len(people) > 1:
        commands.append(("Two cards are one person", f"{start} merge {people[0][0]} {people[1][0]}"))
        commands.append(("See who may be one person after all", f"{start} suggest"))
    most = max(people, key=lambda person: len(person[2]))
    if len(most[2]) > 1:
        commands.append(("Part of a card is someone else", f"{start} split {most[0]} --tracks {most[2][-1]}"))
    return [*commands, ("Leave someone out", f"{start} hide {people[-1][0]}"), undo]


def for_shorts(plan_file: str, *, rendered: bool) -> Commands:
    """What renders a plan."""
    render = f"closeup shorts --from-plan {shlex.quote(plan_file)}"
    if rendered:
        return [("Render again after editing the plan", f"{render} --overwrite")]
    return [("Render these shorts", render)]


def for_audit(folder: str) -> str:
    """What takes the numbers of findings that are wrong labels; the page adds them."""
    return f"closeup data audit {shlex.quote(folder)}"


def for_run(run_id: str, recipe: Path, *, finished: bool) -> Commands:
    """What can be done with a run."""
    here = shlex.quote(run_id)
    again = ("Train the same again", f"closeup train {shlex.quote(recipe.as_posix())}")
    if not finished:
        return [("Go on with it", f"closeup train --resume {here}"), again]
    return [
        ("Ask it about a photo", f"closeup predict {here} PHOTO.jpg"),
        ("Measure it on other data", f"closeup evaluate {here} DATA"),
        ("Compare it with another run", f"closeup runs compare {here} OTHER"),
        ("Make it smaller and faster", f"closeup export {here} --int8 --fp16"),
        again,
    ]
