"""`closeup data audit`: find labels that are probably wrong, and write down those that are."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from closeup.cli.data_options import NO_FLAGS
from closeup.cli.flags import AnswerOnly, AsJson, Given, with_flags
from closeup.cli.output import one_line, show_hint, show_json, show_loss, show_notes, show_table
from closeup.cli.progress_bar import progress_bar
from closeup.core.errors import InputError
from closeup.jobs.work import work
from closeup.workbench.options import ProbeOptions
from closeup.workbench.recipes.recipe import DataSource

if TYPE_CHECKING:
    from closeup.workbench.audit.accept import Accepted
    from closeup.workbench.audit.find import Audit

app = typer.Typer()

LISTED = 10
"""Findings that are printed; the page and the table have the others."""

Method = Literal["both", "class", "noise_rate"]


@app.command("audit")
@with_flags(ProbeOptions, DataSource, leave_out=(*NO_FLAGS, "rounds", "input_px", "split_column", "corrections"))
def audit_command(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="A folder, CSV or zip file; with --accept the folder of an audit.")
    ],
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="DIR", help="Folder to make.")] = None,
    field: Annotated[str, typer.Option(metavar="NAME", help="The label to audit.", show_default="the only one")] = "",
    probabilities: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Take these, out of fold: CSV of key,label,p_CLASS...")
    ] = None,
    model: Annotated[
        str, typer.Option(metavar="MODEL", help="Ask a model: a run (its training data left out), a file, a name.")
    ] = "",
    method: Annotated[
        Method, typer.Option(help="both finds fewer and surer ones than class or noise_rate alone.")
    ] = "both",
    *,
    given: Given,
    input_px: Annotated[int, typer.Option(min=32, max=512, metavar="PX", help="Side of the pictures.")] = 128,
    accept: Annotated[
        str, typer.Option(metavar="NUMBERS", help="Write these findings down as corrections: 1,5-9,12=LABEL")
    ] = "",
    who: Annotated[str, typer.Option(metavar="NAME", help="With --accept: who has looked at them.")] = "",
    whole_groups: Annotated[
        bool, typer.Option("--whole-groups", help="With --accept: correct all pictures of a finding's group.")
    ] = False,
    corrections: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A corrections file to apply; with --accept to add to.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an older audit.")] = False,
    as_json: AsJson = False,
    quiet: AnswerOnly = False,
) -> None:
    """Find labels that are probably wrong; look at them on a page; accept those that are.

    Each picture is predicted from what was learnt from the others. DIR/report.html shows what was found; `closeup data
    audit DIR --accept 1,5-9 --who NAME` writes it to a corrections file, which is applied whenever the data is read.
    The data itself stays as it is.
    """
    if accept:
        _accept(data, accept, who, whole_groups=whole_groups, corrections=corrections, as_json=as_json)
        return
    if output is None:
        raise InputError("There is no place for the result.", "Name a folder to make: -o DIR")
    if model and probabilities:
        raise InputError("--model and --probabilities both say where probabilities come from.", "Give one of them.")
    fields, file = {field: field} if field else {}, str(corrections or "")
    source = DataSource(str(data), fields=fields, corrections=file, **given.of(DataSource))
    with progress_bar(data.name, quiet=quiet) as progress:
        audit: Audit = work("data.audit")(
            source=source,
            folder=output,
            field=field,
            probabilities=probabilities,
            model=model,
            method=method,
            options=ProbeOptions(**given.of(ProbeOptions), input_px=input_px),
            overwrite=overwrite,
            progress=progress,
        )
    _show(audit, output, as_json=as_json)


def _show(audit: "Audit", output: Path, *, as_json: bool) -> None:
    show_notes(audit.notes, in_json=as_json)
    for key, reason in audit.predictions.unreadable[:LISTED]:
        show_loss(f"{key}: {reason}")
    if len(audit.predictions.unreadable) > LISTED:
        show_loss(f"{len(audit.predictions.unreadable):,} pictures cannot be read; audit.json has all of them.")
    if as_json:
        from closeup.workbench.audit.folder import SUMMARY, audit_summary

        show_json(SUMMARY.to_data(audit_summary(audit, output)), indent=None)
        return
    checked = len(audit.predictions.kept)
    if audit.findings:
        rows = [
            (str(f.number), f.path, f.label, f"{f.p_label:.3f}", f.suggestion, f"{f.p_suggestion:.3f}")
            for f in audit.findings[:LISTED]
        ]
        show_table(*rows, head=("#", "picture", "label", "p", "looks like", "p"))
    typer.echo(f"The classifier: {audit.reliability}")
    found = f"{one_line(audit.data)}: {len(audit.findings):,} of {checked:,} labels"
    if audit.knows_something:
        typer.echo(f"{found} are probably wrong (about {audit.expected_errors:,.0f} are in all, by estimate).")
    else:
        typer.echo(f"{found} look wrong to it, which says nothing of them.")
    typer.echo(f"Look at them: {output / 'report.html'}")
    if audit.findings:
        show_hint(f"Write down those that are wrong: closeup data audit {output} --accept 1,5-9 --who NAME")


def _accept(
    folder: Path, numbers: str, who: str, *, whole_groups: bool, corrections: Path | None, as_json: bool
) -> None:
    done: tuple[Accepted, ...] = work("data.accept")(
        folder=folder, numbers=numbers, who=who, when=date.today(), whole_groups=whole_groups, corrections=corrections
    )
    if as_json:
        from closeup.workbench.audit.accept import ACCEPTED

        show_json([ACCEPTED.to_data(each) for each in done], indent=None)
        return
    for each in done:
        again = f"; {each.before:,} were there already" if each.before else ""
        typer.echo(f"{each.file}: {each.added:,} lines added, {each.pictures:,} labels corrected{again}.")
        if each.is_new:
            show_hint(f'To have them applied: corrections = "{each.file}" in [[data]], or --corrections {each.file}')
