// The board of the street by graphql-sse: COUNT events after CURSOR, one line of JSON each, through every loss of the stream.
import { createClient } from 'graphql-sse'

const query = `subscription ($after: String) {
  caseBoard(division: "990101001000", after: $after) { cursor change id }
}`
const client = createClient({
  url: process.env.URL,
  headers: { authorization: `Bearer ${process.env.TOKEN}` },
  retryAttempts: 0, // coming back needs the cursor, so it is done here
})
const print = (line) => console.log(JSON.stringify(line))

let cursor = process.env.CURSOR
let left = Number(process.env.COUNT)
let connected = true
while (left > 0) {
  try {
    for await (const { data, errors } of client.iterate({ query, variables: { after: cursor } })) {
      if (errors) {
        print({ code: errors[0].extensions.code })
        process.exit()
      }
      connected = true
      cursor = data.caseBoard.cursor
      print(data.caseBoard)
      if (--left === 0) break
    }
  } catch (problem) {
    if (connected) print({ broken: problem.name, status: problem.response?.status ?? null })
    if (problem.response?.status === 401) process.exit()
    connected = false
  }
  await new Promise((resolve) => setTimeout(resolve, 50))
}
