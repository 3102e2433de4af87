// How the worker edge-chat is bundled: without help texts, and with its modules in their order rather than each behind a
// function, as it needs all of them.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './hosts.mjs'
import { withoutHelp } from './without-help.mjs'

/** Modules that others load when they first need them. */
const LOADING = /src[\\/]routes[\\/]parts[\\/][\w-]+\.ts$/
const IMPORT = /\(\) => import\(('[^']+')\)/g

/** @type {import('esbuild').Plugin} */
const inOrder = {
  name: 'in-order',
  setup({ onLoad }) {
    onLoad({ filter: LOADING }, ({ path }) => {
      const imports = /** @type {string[]} */ ([])
      const code = readFileSync(path, 'utf8').replace(IMPORT, (_, from) => {
        imports.push(`import * as $loaded${imports.length} from ${from}`)
        return `$loaded${imports.length - 1}`
      })
      return { contents: [...imports, code].join('\n'), loader: 'ts' }
    })
  },
}

/** @type {import('esbuild').BuildOptions} */
export const edgeChat = {
  entryPoints: [join(root, 'worker/edge-chat.ts')],
  bundle: true,
  format: 'esm',
  target: 'es2024',
  conditions: ['workerd', 'worker'],
  plugins: [inOrder, withoutHelp],
  logLevel: 'error',
}
