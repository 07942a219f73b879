// Networks run by ONNX Runtime in WebAssembly, on one thread: two cost more than they gain, and would need the page to
// be isolated from all others. ONNX Runtime in a page reports nothing to anyone, and its files come from our own server.

import * as ort from "onnxruntime-web/wasm";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";

import type { Input } from "./card.ts";

ort.env.wasm.numThreads = 1;
ort.env.wasm.proxy = false;
ort.env.wasm.wasmPaths = { wasm: new URL(wasm, import.meta.url).href };

export class Network {
  private constructor(private readonly session: ort.InferenceSession) {}

  /** @throws Error if the bytes are no network. */
  static async load(model: Uint8Array): Promise<Network> {
    return new Network(await ort.InferenceSession.create(model, { executionProviders: ["wasm"] }));
  }

  /** All answers, in the network's order. */
  async run({ data, dims }: Input): Promise<Float32Array[]> {
    const answers = await this.session.run({ [this.session.inputNames[0]]: new ort.Tensor("float32", data, dims) });
    return this.session.outputNames.map((name) => answers[name].data as Float32Array);
  }
}
