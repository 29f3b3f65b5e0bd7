// The board of the street by graphql-ws: COUNT events after CURSOR, one line of JSON each, through every loss of the socket.
// The client pings by itself, and closes a socket that does not answer.
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'

const query = `subscription ($after: String) {
  caseBoard(division: "990101001000", after: $after) { cursor change id }
}`
const print = (line) => console.log(JSON.stringify(line))

let cursor = process.env.CURSOR
let left = Number(process.env.COUNT)
let pongs = 0
while (left > 0) {
  const client = createClient({
    url: process.env.URL,
    webSocketImpl: WebSocket,
    connectionParams: { Authorization: `Bearer ${process.env.TOKEN}` },
    keepAlive: 100, // milliseconds
    retryAttempts: 0, // coming back needs the cursor, so it is done here
    on: { pong: (received) => { pongs += received ? 1 : 0 } },
  })
  try {
    for await (const { data } of client.iterate({ query, variables: { after: cursor } })) {
      cursor = data.caseBoard.cursor
      print(data.caseBoard)
      if (--left === 0) break
    }
  } catch (problem) { // 1006, or no code: nobody is there
    if (Array.isArray(problem)) {
      print({ code: problem[0].extensions.code })
      process.exit()
    }
    if (problem.code && problem.code !== 1006) print({ broken: problem.code, reason: problem.reason })
    if (problem.code === 4403) process.exit()
  }
  await client.dispose()
  await new Promise((resolve) => setTimeout(resolve, 50))
}
print({ pongs })
process.exit()
