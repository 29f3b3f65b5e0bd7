// What the clients of docs/http.md, built in the working folder, tell of refusals: one line of JSON for each.
import { gql } from '@apollo/client'
import { client as apollo } from './apollo-client.js'
import { client as urql } from './built/urql-client.js'
import { environment } from './relay-environment.js'

const { KIND } = process.env
const [query, variables] = {
  invalid: ['query Unknown { nothingOfTheKind }', {}],
  viewer: ['query Viewer { viewer { name } }', {}],
}[KIND]
const print = (client, error) => console.log(JSON.stringify({ client, code: error?.extensions?.code ?? null }))

await apollo.query({ query: gql(query), variables }).then(() => print('apollo'), ({ errors }) => print('apollo', errors?.[0]))
print('urql', (await urql.query(query, variables).toPromise()).error?.graphQLErrors[0])
const params = { name: 'Viewer', text: query, id: KIND, operationKind: 'query', metadata: {}, cacheID: KIND }
await environment.getNetwork().execute(params, variables, {}).toPromise().then(
  () => print('relay'), ({ cause }) => print('relay', cause?.[0]),
)
process.exit()
