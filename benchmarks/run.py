"""Measure closeup: `make bench`, or `python benchmarks/run.py [SECTION ...] [--quick] [--reuse]`.

Prints each section's tables and writes them to benchmarks/out/ as Markdown and JSON. Needs the folder of real data and
tools that CLOSEUP_SHARED names, else ../shared beside the repository. Exit code 1 where something does not hold.
"""

import argparse
import os
import sys
import tempfile
import time
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from bench import ROOT, Bench, BenchError
from tables import Section, section_json, section_markdown

SECTIONS = (
    "quality",
    "films",
    "cuts",
    "merging",
    "album",
    "speed",
    "one_core",
    "stages",
    "memory",
    "camera_path",
    "interest",
    "chosen_person",
    "exactness",
    "rendering",
    "lfw",
    "identification",
    "search",
    "concurrency",
    "serving",
    "lasting",
    "studio",
    "kills",
    "label_audit",
    "corrections",
    "training_speed",
    "expression_models",
    "attribute_models",
    "mattes",
    "compression",
    "recommend",
    "headline",
    "act",
    "live",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS) + "; all without any")
    parser.add_argument("--quick", action="store_true", help="little of everything, to try the benchmarks out")
    parser.add_argument("--reuse", action="store_true", help="take the result folders that an earlier run has made")
    given = parser.parse_args()
    if unknown := set(given.sections) - set(SECTIONS):
        parser.error(f"there is no section {unknown.pop()}; there are {', '.join(SECTIONS)}")
    shared = Path(os.environ.get("CLOSEUP_SHARED", ROOT.parent / "shared")).resolve()
    if not (shared / "tools" / "make_programme.py").is_file():
        print("The benchmarks need the folder of real data; name it: CLOSEUP_SHARED=FOLDER make bench", file=sys.stderr)
        return 2
    out = ROOT / "benchmarks" / "out"
    out.mkdir(parents=True, exist_ok=True)
    held = True
    with tempfile.TemporaryDirectory(prefix="closeup-bench-") as models:
        bench = Bench(out, shared, Path(models), given.quick, given.reuse)
        try:
            for name in SECTIONS:
                if not given.sections or name in given.sections:
                    section = measured(bench, name)
                    held &= all(claim.held for claim in section.claims)
        except BenchError as error:
            print(error, file=sys.stderr)
            return 2
    return 0 if held else 1


def measured(bench: Bench, name: str) -> Section:
    """Measure one section; print it, and write it down."""
    load, started = os.getloadavg(), time.perf_counter()
    section: Section = import_module(name).measure(bench)
    section = replace(section, load=load, took_s=time.perf_counter() - started)
    text = section_markdown(section)
    stem = f"{name}-quick" if bench.quick else name
    (bench.out / f"{stem}.md").write_text(text, encoding="utf-8")
    (bench.out / f"{stem}.json").write_text(section_json(section), encoding="utf-8")
    print(text, flush=True)
    return section


if __name__ == "__main__":
    sys.exit(main())
