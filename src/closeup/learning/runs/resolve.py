"""Which run somebody means: by its folder, its name, the beginning of its id, or "last"."""

import difflib
from pathlib import Path

from closeup.core.errors import InputError
from closeup.learning.runs.reading import list_runs, run_folders
from closeup.learning.runs.state import RUN_FILE

LAST = "last"
_SHOWN = 5


def find_run(runs_dir: Path, word: str) -> Path:
    """Find the folder of a run.

    Args:
        runs_dir: Where runs are kept.
        word: "last" for the newest; a run's folder; its id, or the beginning or end of it where only one run has that;
            or a recipe's name, for the newest run of it.

    Raises:
        InputError: If there is no such run, or several.
    """
    if word and (Path(word) / RUN_FILE).is_file():
        return Path(word).resolve()
    folders = run_folders(runs_dir)
    if not folders:
        raise InputError(
            f"There are no runs in {runs_dir}.", "Make one: closeup train RECIPE.toml (or say --runs DIR)."
        )
    listed = list_runs(runs_dir).runs
    if word == LAST and listed:
        return listed[-1].path
    exact = [folder for folder in folders if folder.name == word]
    of_name = [run.path for run in listed if run.name == word]
    if exact or of_name:
        return (exact or of_name)[-1].resolve()
    begun = [f for f in folders if word and (f.name.startswith(word) or f.name.endswith(f"-{word}"))]
    if len(begun) == 1:
        return begun[0].resolve()
    raise _ambiguous(word, begun) if begun else _unknown(word, runs_dir, folders, [run.name for run in listed])


def _ambiguous(word: str, folders: list[Path]) -> InputError:
    names = ", ".join(folder.name for folder in folders[-_SHOWN:])
    return InputError(f"{len(folders)} runs match {word!r}.", f"Say more of the id; the newest are: {names}.")


def _unknown(word: str, runs_dir: Path, folders: list[Path], names: list[str]) -> InputError:
    near = difflib.get_close_matches(word, [*dict.fromkeys(names), *(folder.name for folder in folders)], 1)
    hint = f"Did you mean {near[0]}? " if near else ""
    return InputError(f"There is no run {word!r} in {runs_dir}.", f"{hint}See the runs: closeup runs list")
