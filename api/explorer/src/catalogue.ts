/** A person of the demonstration street and the bearer token that stands for them. */
export interface DemoToken {
  label: string;
  token: string;
}

/** An operation that the explorer opens with; `token` is an index into the catalogue's tokens. */
export interface DemoOperation {
  name: string;
  title: string;
  document: string;
  variables: Record<string, unknown>;
  token: number | null;
}

export interface DemoCatalogue {
  tokens: DemoToken[];
  operations: DemoOperation[];
}

const CATALOGUE_URL = "/explorer/demo.json";

/** Reads what the demo offers; a server that is no demo has none (404), and the person brings a token of their own. */
export async function loadCatalogue(): Promise<DemoCatalogue> {
  try {
    const response = await fetch(CATALOGUE_URL, { headers: { accept: "application/json" } });
    return response.ok ? ((await response.json()) as DemoCatalogue) : { tokens: [], operations: [] };
  } catch (error) {
    console.warn("The demo's catalogue could not be read", error);
    return { tokens: [], operations: [] };
  }
}
