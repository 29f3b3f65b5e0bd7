// The audits of graphql-http on the server at URL, asked with the bearer token TOKEN; one line of JSON for each audit.
import { serverAudits } from 'graphql-http'

const authorization = `Bearer ${process.env.TOKEN}`
const fetchFn = (url, { headers, ...more } = {}) => fetch(url, { ...more, headers: { ...headers, authorization } })

for (const audit of serverAudits({ url: process.env.URL, fetchFn })) {
  const { status, name, reason } = await audit.fn()
  console.log(JSON.stringify({ id: audit.id, name, status, reason }))
}
