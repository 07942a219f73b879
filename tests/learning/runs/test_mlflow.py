import json
from pathlib import Path

from closeup.learning.runs.mlflow import write_experiment
from closeup.learning.runs.reading import read_run
from learning.runs.made_runs import begun, finished


def meta(path: Path) -> dict[str, object]:
    """A meta.yaml, whose values are written as JSON, of which YAML is made too."""
    return {
        name: json.loads(value) for name, _, value in (line.partition(": ") for line in path.read_text().splitlines())
    }


def test_the_file_store(tmp_path: Path) -> None:
    run = finished(tmp_path / "runs")
    begun(tmp_path / "runs")
    other = begun(tmp_path / "runs")
    other.fail("no space")
    place = tmp_path / "stored" / "mlruns"
    store = tmp_path / "part"
    store.mkdir()
    write_experiment([run, read_run(other.path)], store, place)
    (experiment,) = store.iterdir()
    told = meta(experiment / "meta.yaml")
    assert told["name"] == "mlruns"
    assert told["experiment_id"] == experiment.name
    assert experiment.name.isdecimal()
    assert told["artifact_location"] == (place / experiment.name).as_uri()
    folders = {str(meta(path / "meta.yaml")["run_name"]): path for path in experiment.iterdir() if path.is_dir()}
    assert set(folders) == {run.id, other.path.name}
    folder = folders[run.id]
    told = meta(folder / "meta.yaml")
    assert (told["status"], told["lifecycle_stage"], told["run_id"]) == (3, "active", folder.name)
    assert told["artifact_uri"] == (place / experiment.name / folder.name / "artifacts").as_uri()
    assert meta(folders[other.path.name] / "meta.yaml")["status"] == 4
    lines = [line.split() for line in (folder / "metrics/step/loss").read_text().splitlines()]
    assert [(float(value), int(step)) for _, value, step in lines] == [(2 / step, step) for step in range(1, 21)]
    assert int(lines[0][0]) >= round(1000 * run.created.timestamp())
    assert (folder / "metrics/test/mood/accuracy").is_file()
    assert (folder / "params/model.architecture").read_text() == "tf_efficientnet_b0"
    assert (folder / "params/stages.1.learning_rate").read_text() == "0.0001"
    assert (folder / "tags/mlflow.runName").read_text() == run.id
    assert (folder / "tags/environment.torch").read_text() == "2.13.0"
    copied = folder / "artifacts/recipe.toml"
    assert copied.read_bytes() == (run.path / "recipe.toml").read_bytes()
    assert copied.stat().st_ino != (run.path / "recipe.toml").stat().st_ino
