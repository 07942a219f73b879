import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// Each page is an entry of its own, with its own folder of sources. Relative addresses, so that a page works behind
// any prefix; everything lies in the folder that the server serves, and nothing is loaded from elsewhere.
export default defineConfig({
  base: "./",
  plugins: [svelte()],
  worker: { format: "es" },
  build: {
    outDir: "../src/closeup/server/static",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: "es2022",
    rolldownOptions: { input: { "act-live": "act-live.html" } },
  },
  test: { include: ["tests/**/*.test.ts"] },
});
