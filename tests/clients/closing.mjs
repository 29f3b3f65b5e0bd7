// What graphql-ws makes of each way to be closed: on the socket that it opened, something is sent that it never sends by itself (WRONG,
// once it is CONNECTED or only OPENED). Prints the codes with which sockets closed, and what the subscription ended with, if it did:
// the client gives up at once, or tries again, which is stopped at the second socket.
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'

const { URL, TOKEN, WRONG, WHEN, PROTOCOL } = process.env
const closed = []
const finish = (ended) => {
  console.log(JSON.stringify({ closed, ended }))
  process.exit()
}
const wrong = (socket) => {
  if (!WRONG) return
  if (WRONG === 'long') socket.send(JSON.stringify({ type: 'ping', payload: { text: 'x'.repeat(1_000_000) } }))
  else for (const message of JSON.parse(WRONG)) socket.send(JSON.stringify(message))
}
class NoProtocol extends WebSocket { // with another one, `ws` and browsers themselves refuse an answer that names none
  constructor(url) {
    super(url)
  }
}
const client = createClient({
  url: URL,
  webSocketImpl: PROTOCOL === 'none' ? NoProtocol : WebSocket,
  // Where nothing is to be sent at all, the client waits for its parameters.
  connectionParams: () => (WHEN === 'never' ? new Promise(() => {}) : { Authorization: `Bearer ${TOKEN}` }),
  retryWait: () => finish('tried again'),
  on: {
    opened: (socket) => WHEN === 'opened' && wrong(socket),
    connected: (socket) => WHEN === 'connected' && setTimeout(() => wrong(socket)),
    closed: ({ code }) => closed.push(code),
  },
})
const query = 'subscription { caseBoard(division: "990101001000") { cursor } }'
client.subscribe({ query }, { next() {}, complete: () => finish('complete'), error: ({ code, message }) => finish(code ?? message) })
