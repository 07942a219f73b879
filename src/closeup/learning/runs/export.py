"""Write runs in the formats of other tools: TensorBoard's event files, MLflow's file store."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.result_folder import ResultFolder
from closeup.learning.runs.mlflow import write_experiment
from closeup.learning.runs.reading import Run
from closeup.learning.runs.tensorboard import write_events

Format = Literal["tensorboard", "mlflow"]


def export_runs(
    runs: Sequence[Run],
    target: Path,
    kind: Format,
    *,
    progress: ProgressCallback = ignore,
) -> str:
    """Write runs into a new folder that another tool reads.

    Args:
        runs: To write.
        target: The folder.
        kind: Whose format.
        progress: Told of each run.

    Returns:
        The command that shows them, for people.

    Raises:
        InputError: If a run's tables cannot be read.
        OutputError: If the folder is there already, or cannot be written.
    """
    target = target.resolve()
    with ResultFolder(target).writing(overwrite=False) as folder:
        if kind == "mlflow":
            progress(Progress("Exporting", 0, len(runs), "runs"))
            write_experiment(runs, folder, target)
        for number, run in enumerate(runs if kind == "tensorboard" else ()):
            progress(Progress("Exporting", number, len(runs), "runs"))
            (folder / run.id).mkdir()
            write_events(run, folder / run.id)
    progress(Progress("Exporting", len(runs), len(runs), "runs"))
    if kind == "tensorboard":
        return f"tensorboard --logdir {target}"
    database = "sqlite:///mlflow.db"
    move = f"mlflow migrate-filestore --source {target} --target {database}"
    return f"{move} && mlflow server --backend-store-uri {database}"
