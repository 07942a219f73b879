import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const MODULES = resolve(import.meta.dirname, "node_modules");

/** The MIT licence without its first line, which names the holder. */
const MIT = readFileSync(`${MODULES}/svelte/LICENSE.md`, "utf-8").split("\n").slice(1).join("\n");

/** In the worker, whose modules the page's own bundle does not list; npm's package brings no text of its licence. */
const IN_WORKER = { "onnxruntime-web": `Copyright (c) Microsoft Corporation\n${MIT}` };

/** Writes licences.txt: of every package that is built into the pages, which are passed on with closeup. */
function licences(): Plugin {
  return {
    name: "licences",
    generateBundle(_, bundle) {
      const parts = Object.values(bundle).flatMap((part) => (part.type === "chunk" ? part.moduleIds : []));
      const inside = parts.flatMap((id) => id.split("/node_modules/").at(-1)!.match(/^(?:@[^/]+\/)?[^/]+(?=\/)/) ?? []);
      const names = new Set([...inside, ...Object.keys(IN_WORKER)].filter((name) => existsSync(`${MODULES}/${name}`)));
      const texts = [...names].sort().map((name) => {
        const { version, license } = JSON.parse(readFileSync(`${MODULES}/${name}/package.json`, "utf-8"));
        const file = ["LICENSE", "LICENSE.md", "license", "license.md"].find((f) => existsSync(`${MODULES}/${name}/${f}`));
        const text = file ? readFileSync(`${MODULES}/${name}/${file}`, "utf-8") : IN_WORKER[name as keyof typeof IN_WORKER];
        if (!text) throw new Error(`${name} is built in, and its licence is not known`);
        return `${name} ${version} (${license})\n\n${text.trim()}\n`;
      });
      this.emitFile({ type: "asset", fileName: "licences.txt", source: texts.join(`\n${"-".repeat(80)}\n\n`) });
    },
  };
}

// Each page is an entry of its own, with its own folder of sources. Relative addresses, so that a page works behind
// any prefix; everything lies in the folder that the server serves, and nothing is loaded from elsewhere.
export default defineConfig({
  base: "./",
  plugins: [svelte(), licences()],
  worker: { format: "es" },
  build: {
    outDir: "../src/closeup/server/static",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: "es2022",
    rolldownOptions: { input: { "act-live": "act-live.html", kiosk: "kiosk.html", operator: "operator.html", studio: "studio.html" } },
  },
  test: { include: ["tests/**/*.test.ts"] },
});
