// Transforms a module in the working folder as a bundler with babel-plugin-relay does.
import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { transformAsync } from '@babel/core'

const filename = resolve(process.argv[2])
const { code } = await transformAsync(await readFile(filename, 'utf8'), {
  filename, configFile: false, babelrc: false, plugins: [['relay', { eagerEsModules: true }]],
  cwd: new URL('.', import.meta.url).pathname, // where the plugin is
})
await writeFile(filename, code.replaceAll('.graphql";', '.graphql.js";')) // a bundler finds them without the ending
