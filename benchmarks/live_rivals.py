"""face-api and human, the open rivals of the live page, on the same clip in the same browser.

Both are npm packages with their networks (MIT). CLOSEUP_RIVALS names the folder node_modules where they are, with the
backend that they compute on: `npm install --ignore-scripts --legacy-peer-deps` of @vladmandic/face-api@1.7.15,
@vladmandic/human@3.3.6 and @tensorflow/tfjs-backend-wasm@4.22.0.

Each looks for one face at about 320 pixels and says its expression, in a page of its own, on tfjs's wasm backend with
SIMD, as fast as it can; what else human can find is off. Nothing is had from anywhere but the folder.
"""

import functools
import http.server
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chromium import Chromium, fake_camera

PAGE = """<!doctype html><meta charset="utf-8"><video autoplay muted playsinline></video><script type="module">
const video = document.querySelector("video");
window.seen = {looks: 0, faces: 0, error: ""};
try {
  video.srcObject = await navigator.mediaDevices.getUserMedia({video: {width: 640, height: 480}});
  await new Promise((done) => video.addEventListener("loadeddata", done, {once: true}));
  const wasm = "/@tensorflow/tfjs-backend-wasm/dist/";
  let look;
  %s
  for (;;) {
    const found = await look();
    window.seen.looks += 1;
    window.seen.faces += found ? 1 : 0;
    await new Promise((done) => setTimeout(done));
  }
} catch (error) { window.seen.error = String(error); }
</script>"""

RIVALS = {
    "face-api 1.7.15": """
  const api = await import("/@vladmandic/face-api/dist/face-api.esm.js");
  api.tf.setWasmPaths(wasm, true);
  await api.tf.setBackend("wasm");
  await api.tf.ready();
  await api.nets.tinyFaceDetector.loadFromUri("/@vladmandic/face-api/model");
  await api.nets.faceExpressionNet.loadFromUri("/@vladmandic/face-api/model");
  const options = new api.TinyFaceDetectorOptions({inputSize: 320});
  look = async () => (await api.detectSingleFace(video, options).withFaceExpressions())?.expressions;
  window.seen.backend = api.tf.getBackend();""",
    "human 3.3.6": """
  const {Human} = await import("/@vladmandic/human/dist/human.esm.js");
  const human = new Human({
    backend: "wasm", wasmPath: wasm, modelBasePath: "/@vladmandic/human/models", debug: false, cacheSensitivity: 0,
    filter: {enabled: false}, gesture: {enabled: false}, body: {enabled: false}, hand: {enabled: false},
    object: {enabled: false}, segmentation: {enabled: false},
    face: {enabled: true, detector: {maxDetected: 1, rotation: false}, mesh: {enabled: false}, iris: {enabled: false},
      description: {enabled: false}, emotion: {enabled: true}, antispoof: {enabled: false}, liveness: {enabled: false}},
  });
  await human.load();
  await human.warmup();
  look = async () => (await human.detect(video)).face[0]?.emotion?.length;
  window.seen.backend = human.tf.getBackend();""",
}


class _Files(http.server.SimpleHTTPRequestHandler):
    """The packages' files; each rival's page under its number."""

    def do_GET(self) -> None:
        """Answer with a page or a file."""
        number = self.path.removeprefix("/rival")
        if number not in ("0", "1"):
            super().do_GET()
            return
        page = (PAGE % list(RIVALS.values())[int(number)]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What a rival did.

    Attributes:
        name: With its version.
        looks_hz: Looks at the camera a second.
        named: Share of them in which it names an expression.
        whole_ms: Processor ms a look of the whole browser.
    """

    name: str
    looks_hz: float
    named: float
    whole_ms: float


def watch(
    packages: Path, camera: Path, folder: Path, watched_s: float, processor_s: Callable[[int], float]
) -> list[Watched]:
    """Let each rival look at a camera.

    Args:
        packages: node_modules.
        camera: A .mjpeg file.
        folder: For browsers' profiles.
        watched_s: How long each is watched, after its first looks.
        processor_s: Processor seconds so far of a process and its children.

    Raises:
        RuntimeError: If a rival does not start, with what its page says, or computes otherwise than on wasm.
    """
    handler = functools.partial(_Files, directory=str(packages))
    found = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for number, name in enumerate(RIVALS):
            with Chromium(folder / f"rival{number}", *fake_camera(camera)) as browser:
                browser.open(f"http://127.0.0.1:{server.server_port}/rival{number}")
                browser.wait("window.seen && (window.seen.looks > 2 || window.seen.error)", 180)
                if error := browser.ask("window.seen.error"):
                    raise RuntimeError(f"{name}: {error}")
                if (backend := browser.ask("window.seen.backend")) != "wasm":
                    raise RuntimeError(f"{name} runs on {backend} and not on wasm.")
                count, root = "[window.seen.looks, window.seen.faces]", browser.process.pid
                before, used_s, begun = browser.ask(count), processor_s(root), time.monotonic()
                time.sleep(watched_s)
                after, took_s = browser.ask(count), time.monotonic() - begun
                used_s = processor_s(root) - used_s
                looks, faces = (max(new - old, 1e-9) for new, old in zip(after, before, strict=True))
                found.append(Watched(name, looks / took_s, faces / looks, 1000 * used_s / looks))
        server.shutdown()
    return found
