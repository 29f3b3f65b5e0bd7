import { fileURLToPath } from "node:url";

import { defineConfig } from "vite";

import { collectLicences } from "./bundling/licences.ts";

function source(name: string): string {
  return fileURLToPath(new URL(`./src/${name}`, import.meta.url));
}

export default defineConfig({
  base: "/explorer/",
  plugins: [collectLicences()],
  resolve: {
    alias: [
      { find: "monaco-editor/esm/vs/editor/edcore.main.js", replacement: source("monaco.ts") },
      { find: "prettier/parser-babel", replacement: source("prettier-json.ts") },
      { find: "prettier/plugins/estree", replacement: source("prettier-json.ts") },
    ],
  },
  // Workers are files of their own on our origin: the Content-Security-Policy allows no blob: and no eval.
  worker: { format: "es" },
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    // Inlined files would need data: in the Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 4096,
    rolldownOptions: {
      onwarn(warning, warn) {
        // "use client" means something to server-side rendering alone.
        if (warning.code !== "MODULE_LEVEL_DIRECTIVE") warn(warning);
      },
    },
  },
});
