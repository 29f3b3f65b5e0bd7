// Not graphiql/style.css, which holds Monaco's style a second time and half a megabyte of fonts as data: addresses.
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "graphiql/graphiql.css";
import "./explorer.css";
import "./workers";

import { createRoot } from "react-dom/client";

import { loadCatalogue } from "./catalogue";
import { Explorer } from "./Explorer";
import { forgetTabsOfOtherOperations } from "./memory";

async function start(container: HTMLElement): Promise<void> {
  const catalogue = await loadCatalogue();
  forgetTabsOfOtherOperations(catalogue.operations);
  createRoot(container).render(<Explorer catalogue={catalogue} />);
}

void start(document.getElementById("explorer")!);
