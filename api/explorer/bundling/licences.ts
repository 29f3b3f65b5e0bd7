import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { Plugin } from "vite";

interface LockedPackage {
  version?: string;
  license?: string;
  dev?: boolean;
}

const LEGAL_FILE = /^(licen[cs]e|notice|copying|third-?party-?notices)/i;

function legalTexts(folder: string): string {
  return readdirSync(folder)
    .filter((name) => LEGAL_FILE.test(name))
    .sort()
    .map((name) => readFileSync(join(folder, name), "utf8").replaceAll("\r\n", "\n").trim())
    .join("\n\n");
}

function title(path: string, locked: LockedPackage): string {
  const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  return `${name} ${locked.version} (${locked.license ?? "see below"})`;
}

/** Each legal text once, under the packages that carry the very same one. */
function chapters(packages: [string, LockedPackage][]): string[] {
  const titlesByText = new Map<string, string[]>();
  for (const [path, locked] of packages) {
    const text = legalTexts(path);
    titlesByText.set(text, [...(titlesByText.get(text) ?? []), title(path, locked)]);
  }
  return [...titlesByText].map(([text, titles]) => `${titles.join("\n")}\n\n${text}`.trimEnd());
}

/**
 * Writes LICENSES.txt: the licence of every package that is not a build tool.
 *
 * It follows the lock file and not the bundle, so it may name a package of which nothing was used, and never misses one.
 */
export function collectLicences(): Plugin {
  return {
    name: "shaodao-licences",
    apply: "build",
    generateBundle() {
      const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as { packages: Record<string, LockedPackage> };
      const packages = Object.entries(lock.packages)
        .filter(([path, locked]) => path !== "" && !locked.dev)
        .sort(([first], [second]) => (first < second ? -1 : 1));
      const source = `${chapters(packages).join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
      this.emitFile({ type: "asset", fileName: "LICENSES.txt", source });
    },
  };
}
