// PostGraphile 5 over the benchmark's database: BENCH_DATABASE_URL, BENCH_PORT.
//
// It gets everything that its own documentation advises for production: one process, grafserv on node:http, lists instead
// of connections below the first level, prepared statements kept by the driver, no explaining, no mutations, no explorer.
import { createServer } from "node:http";

import { PgSimplifyInflectionPreset } from "@graphile/simplify-inflection";
import { grafserv } from "grafserv/node";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { jsonPgSmartTags, pgSmartTags } from "postgraphile/utils";
import { PostGraphileConnectionFilterPreset } from "postgraphile-plugin-connection-filter";

import relations from "./relations.json" with { type: "json" };

const CONNECTIONS = 16;

// What is sealed or hashed is no field; the readers see the masked form, as in the platform's own API.
const masked = pgSmartTags([
  { kind: "attribute", match: (attribute) => /_(sealed|hash)$/.test(attribute.attname), tags: { behavior: "-*" } },
]);

/** @type {GraphileConfig.Preset} */
const preset = {
  extends: [
    PostGraphileAmberPreset,
    PgSimplifyInflectionPreset,
    PostGraphileConnectionFilterPreset,
  ],
  plugins: [masked, jsonPgSmartTags(relations)],
  // Otherwise only the first columns of indexes can be filtered and ordered by; ours begin with the county.
  disablePlugins: ["PgIndexBehaviorsPlugin"],
  pgServices: [
    makePgService({
      connectionString: process.env.BENCH_DATABASE_URL,
      schemas: ["public", "bench"],
      poolConfig: { max: CONNECTIONS },
    }),
  ],
  schema: {
    defaultBehavior: "-insert -update -delete +list",
    pgForbidSetofFunctionsToReturnNull: true,
    connectionFilterAllowNullInput: false,
  },
  grafast: { explain: false },
  grafserv: { graphiql: false, watch: false, websockets: false },
};

const instance = postgraphile(preset);

if (process.argv.includes("--schema")) {
  const { printSchema } = await import("graphql");
  process.stdout.write(printSchema(await instance.getSchema()));
  await instance.release();
} else {
  const served = instance.createServ(grafserv);
  const server = createServer();
  await served.addTo(server);
  server.keepAliveTimeout = 60_000;
  server.listen(Number(process.env.BENCH_PORT), "127.0.0.1");
  process.on("SIGTERM", async () => {
    server.close();
    server.closeAllConnections();
    await instance.release();
    process.exit(0);
  });
}
