import { applyEdits, format } from "jsonc-parser";

/*
 * A plugin of Prettier for the variables editor. It stands in for Prettier's own JavaScript parser and printer (see
 * vite.config.ts), half a megabyte that GraphiQL would load to indent JSON with comments.
 */
interface FormattedJson {
  text: string;
}

function formatJson(text: string): FormattedJson {
  const edits = format(text, undefined, { tabSize: 2, insertSpaces: true, eol: "\n" });
  return { text: applyEdits(text, edits) };
}

export const parsers = {
  jsonc: {
    parse: formatJson,
    astFormat: "formatted-json",
    locStart: () => 0,
    locEnd: ({ text }: FormattedJson) => text.length,
  },
};

export const printers = {
  "formatted-json": { print: ({ node }: { node: FormattedJson }) => node.text },
};
