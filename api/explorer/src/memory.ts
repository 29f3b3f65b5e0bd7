import type { DemoOperation } from "./catalogue";
import type { Identity } from "./identity";

/*
 * Everything that the explorer remembers stands in sessionStorage and ends with the browser tab: a token, and queries
 * and variables that may name residents, do not stay behind on a shared computer of a duty desk.
 */
const IDENTITY_KEY = "shaodao:identity";
const OPERATIONS_KEY = "shaodao:operations";
const GRAPHIQL_PREFIX = "graphiql:";
const GRAPHIQL_TABS_KEY = `${GRAPHIQL_PREFIX}tabState`;

export const editorStorage: Storage = window.sessionStorage;

export function rememberIdentity(identity: Identity): void {
  sessionStorage.setItem(IDENTITY_KEY, JSON.stringify(identity));
}

export function recallIdentity(): Identity | null {
  const stored = sessionStorage.getItem(IDENTITY_KEY);
  return stored === null ? null : (JSON.parse(stored) as Identity);
}

export function hasStoredTabs(): boolean {
  return sessionStorage.getItem(GRAPHIQL_TABS_KEY) !== null;
}

/** Drops stored tabs when the server offers other operations than they were made from: their ids may be gone. */
export function forgetTabsOfOtherOperations(operations: DemoOperation[]): void {
  const offered = JSON.stringify(operations);
  if (sessionStorage.getItem(OPERATIONS_KEY) === offered) return;
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(GRAPHIQL_PREFIX)) sessionStorage.removeItem(key);
  }
  sessionStorage.setItem(OPERATIONS_KEY, offered);
}
