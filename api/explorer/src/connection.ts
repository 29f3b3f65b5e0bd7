import { createGraphiQLFetcher, type Fetcher } from "@graphiql/toolkit";
import { type Client, createClient } from "graphql-ws";

const ENDPOINT = "/graphql";

function socketUrl(): string {
  const url = new URL(ENDPOINT, window.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

/** A closed socket as an answer that people can read, instead of an error with the stack of minified code. */
function readable(reason: unknown): unknown {
  if (!(reason instanceof CloseEvent)) return reason;
  return { message: `WebSocket closed: ${reason.code} ${reason.reason}`.trimEnd(), extensions: { closeCode: reason.code } };
}

function withReadableErrors(client: Client): Client {
  return {
    ...client,
    subscribe: (payload, sink) =>
      client.subscribe(payload, { ...sink, error: (reason) => sink.error(readable(reason)) }),
  };
}

/** What one token speaks through: HTTP for queries and mutations, graphql-transport-ws for subscriptions. */
class Channel {
  readonly fetcher: Fetcher;
  readonly #sockets: Client;

  constructor(readonly token: string | null) {
    const authorization: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
    this.#sockets = createClient({
      url: socketUrl(),
      connectionParams: authorization,
      // A silent reconnection would hide the events that were missed in between, so a break is shown.
      retryAttempts: 0,
    });
    this.fetcher = createGraphiQLFetcher({
      url: ENDPOINT,
      headers: authorization,
      wsClient: withReadableErrors(this.#sockets),
      enableIncrementalDelivery: false,
    });
  }

  close(): void {
    void this.#sockets.dispose();
  }
}

/** One fetcher for the life of the page; behind it each token has a channel, hence a WebSocket, of its own. */
export class Connection {
  #channel: Channel;

  constructor(token: string | null) {
    this.#channel = new Channel(token);
  }

  readonly fetcher: Fetcher = (parameters, options) => this.#channel.fetcher(parameters, options);

  speakAs(token: string | null): void {
    if (token === this.#channel.token) return;
    this.#channel.close();
    this.#channel = new Channel(token);
  }
}
