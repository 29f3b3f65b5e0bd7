import type { DemoCatalogue, DemoOperation } from "./catalogue";

/** As whom the explorer speaks: a person of the demo (by label), the bearer of a pasted token (empty until pasted), or nobody. */
export type Identity = { kind: "demo"; label: string } | { kind: "pasted"; token: string } | { kind: "anonymous" };

export const ANONYMOUS: Identity = { kind: "anonymous" };

/** The bearer token of an identity, or null: a demo's label that is no longer offered has none. */
export function tokenOf(identity: Identity, catalogue: DemoCatalogue): string | null {
  switch (identity.kind) {
    case "demo":
      return catalogue.tokens.find(({ label }) => label === identity.label)?.token ?? null;
    case "pasted":
      return identity.token || null;
    case "anonymous":
      return null;
  }
}

/** The person whom the demo proposes for an operation. */
export function identityFor(operation: DemoOperation | undefined, catalogue: DemoCatalogue): Identity | null {
  const proposed = operation?.token == null ? undefined : catalogue.tokens[operation.token];
  return proposed ? { kind: "demo", label: proposed.label } : null;
}

/** Where the explorer begins: as remembered if that still holds, else as the first operation or the first token says. */
export function firstIdentity(remembered: Identity | null, catalogue: DemoCatalogue): Identity {
  if (remembered && (remembered.kind !== "demo" || tokenOf(remembered, catalogue) !== null)) return remembered;
  const first = catalogue.tokens[0];
  return (
    identityFor(catalogue.operations[0], catalogue) ?? (first ? { kind: "demo", label: first.label } : ANONYMOUS)
  );
}
