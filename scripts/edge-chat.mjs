// How the worker edge-chat is bundled: without help texts, with the little of zod that it uses, and with its modules in
// their order rather than each behind a function, as it needs all of them.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './hosts.mjs'
import { withoutHelp } from './without-help.mjs'

/** @type {import('esbuild').Plugin} */
const withSmallZod = {
  name: 'with-small-zod',
  setup({ initialOptions, onResolve, onEnd }) {
    initialOptions.metafile = true
    onResolve({ filter: /^zod\/mini$/ }, () => ({ path: join(root, 'worker/small-zod.ts') }))
    // A module that is left out may need more of zod than there is.
    onEnd(({ warnings, metafile }) => {
      const bundled = Object.values(metafile?.outputs ?? {}).flatMap(({ inputs }) =>
        Object.keys(inputs).filter((path) => (inputs[path]?.bytesInOutput ?? 0) > 0),
      )
      const isMissing = (/** @type {import('esbuild').Message} */ { id, location }) =>
        id === 'import-is-undefined' && bundled.includes(location?.file ?? '')
      return { errors: warnings.filter(isMissing) }
    })
  },
}

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
  plugins: [withSmallZod, inOrder, withoutHelp],
  logLevel: 'error',
}
