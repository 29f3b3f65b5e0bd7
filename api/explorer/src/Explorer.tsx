import { DOC_EXPLORER_PLUGIN, DocExplorerStore } from "@graphiql/plugin-doc-explorer";
import { HISTORY_PLUGIN, HistoryStore } from "@graphiql/plugin-history";
import { GraphiQLProvider } from "@graphiql/react";
import { GraphiQL, GraphiQLInterface } from "graphiql";
import { useState } from "react";

import type { DemoCatalogue, DemoOperation } from "./catalogue";
import { Connection } from "./connection";
import { Header } from "./Header";
import { firstIdentity, type Identity, tokenOf } from "./identity";
import { editorStorage, hasStoredTabs, recallIdentity, rememberIdentity } from "./memory";

// One list for the life of the page: GraphiQL closes the open plugin when it is handed another.
const PLUGINS = [DOC_EXPLORER_PLUGIN, HISTORY_PLUGIN];

function variablesText(operation: DemoOperation | undefined): string {
  return operation && Object.keys(operation.variables).length > 0 ? JSON.stringify(operation.variables, null, 2) : "";
}

function tabsOf(operations: DemoOperation[]) {
  return operations.map((operation) => ({ query: operation.document, variables: variablesText(operation) }));
}

export function Explorer({ catalogue }: { catalogue: DemoCatalogue }) {
  const [identity, setIdentity] = useState(() => firstIdentity(recallIdentity(), catalogue));
  const [connection] = useState(() => new Connection(tokenOf(identity, catalogue)));
  // GraphiQL fills the first editor's variables from this alone; with stored tabs it must take theirs.
  const [initialVariables] = useState(() => (hasStoredTabs() ? undefined : variablesText(catalogue.operations[0])));

  function speakAs(next: Identity): void {
    connection.speakAs(tokenOf(next, catalogue));
    rememberIdentity(next);
    setIdentity(next);
  }

  return (
    <GraphiQLProvider
      fetcher={connection.fetcher}
      storage={editorStorage}
      plugins={PLUGINS}
      referencePlugin={DOC_EXPLORER_PLUGIN}
      defaultTabs={catalogue.operations.length > 0 ? tabsOf(catalogue.operations) : undefined}
      initialVariables={initialVariables}
      defaultQuery=""
      defaultTheme="light"
      inputValueDeprecation
      schemaDescription
    >
      <HistoryStore>
        <DocExplorerStore>
          <Header catalogue={catalogue} identity={identity} onIdentity={speakAs} />
          <GraphiQLInterface
            isHeadersEditorEnabled={false}
            showPersistHeadersSettings={false}
            defaultEditorToolsVisibility="variables"
          >
            <GraphiQL.Logo> </GraphiQL.Logo>
          </GraphiQLInterface>
        </DocExplorerStore>
      </HistoryStore>
    </GraphiQLProvider>
  );
}
