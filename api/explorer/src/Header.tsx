import { useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { useEffect, useRef } from "react";

import type { DemoCatalogue, DemoOperation } from "./catalogue";
import { identityFor, type Identity, tokenOf } from "./identity";
import { IdentityMenu } from "./IdentityMenu";

interface HeaderProps {
  catalogue: DemoCatalogue;
  identity: Identity;
  onIdentity: (identity: Identity) => void;
}

/** A tab is titled by GraphiQL with the name of its operation; an edited tab keeps its operation while the name stays. */
function operationOf(title: string | undefined, operations: DemoOperation[]): DemoOperation | undefined {
  return operations.find(({ document }) => new RegExp(`\\b(query|mutation|subscription)\\s+${title}\\b`).test(document));
}

/** Ends what runs under the former token, and reads the schema if that token was not allowed to. */
function useFreshStartOnChange(token: string | null): void {
  const { stop, introspect } = useGraphiQLActions();
  const hasSchema = useGraphiQL(({ schema }) => Boolean(schema));
  const former = useRef(token);
  useEffect(() => {
    if (former.current === token) return;
    former.current = token;
    stop();
    if (!hasSchema) void introspect();
  }, [token, hasSchema, stop, introspect]);
}

/**
 * Takes the person whom the demo proposes each time another tab is chosen, not for the first one after a reload.
 *
 * A person who pasted a token, or chose none, meant it: there `proposed` is null.
 */
function useProposedIdentity(tabId: string | undefined, proposed: Identity | null, take: (identity: Identity) => void) {
  const former = useRef(tabId);
  useEffect(() => {
    if (former.current === tabId) return;
    former.current = tabId;
    if (proposed) take(proposed);
  }, [tabId, proposed, take]);
}

export function Header({ catalogue, identity, onIdentity }: HeaderProps) {
  const tab = useGraphiQL(({ tabs, activeTabIndex }) => tabs[activeTabIndex]);
  const operation = operationOf(tab?.title, catalogue.operations);
  useFreshStartOnChange(tokenOf(identity, catalogue));
  const proposed = identity.kind === "demo" ? identityFor(operation, catalogue) : null;
  useProposedIdentity(tab?.id, proposed, onIdentity);
  return (
    <header className="shaodao-header">
      <h1>
        哨到 <span lang="en">Shaodao</span>
      </h1>
      <p className="shaodao-operation">{operation?.title ?? "街道吹哨 · 部门报到"}</p>
      <IdentityMenu tokens={catalogue.tokens} identity={identity} onIdentity={onIdentity} />
      <a href="/explorer/LICENSES.txt" target="_blank" rel="noreferrer">
        许可
      </a>
    </header>
  );
}
