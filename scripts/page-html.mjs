// The page's HTML, with the files that esbuild has named.

import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { root } from './hosts.mjs'

/**
 * Fills demo/index.html in: the page's files; its policy, for hosts that serve only files; its icon, since
 * the policy lets it load no image; and the build's name, where one is given.
 * @param {import('esbuild').Metafile} metafile of the page's script
 * @param {string} [build]
 */
export async function pageHtml({ outputs }, build) {
  const made = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === 'demo/main.tsx')
  if (made === undefined) throw new Error('demo/main.tsx: esbuild wrote no file for it')
  const [script, { cssBundle, imports }] = made
  // What the script imports at once would otherwise be asked for only when the script has come.
  const first = imports.filter(({ kind, external }) => kind === 'import-statement' && !external)
  const head = [
    ...(cssBundle ? [`<link rel="stylesheet" href="${url(cssBundle)}" />`] : []),
    ...first.map(({ path }) => `<link rel="modulepreload" href="${url(path)}" />`),
    `<script type="module" src="${url(script)}"></script>`,
  ]
  const icon = encodeURIComponent(readFileSync(join(root, 'demo/public/icon.svg'), 'utf8').trim())
  const metas = [
    `<meta http-equiv="Content-Security-Policy" content="${await embeddedPolicy()}" />`,
    ...(build ? [`<meta name="sluice-build" content="${build}" />`] : []),
  ]
  return readFileSync(join(root, 'demo/index.html'), 'utf8')
    .replace('./icon.svg', () => `data:image/svg+xml,${icon}`)
    .replace('<meta charset="utf-8" />', (charset) => [charset, ...metas].join('\n    '))
    .replace('<script type="module" src="./main.tsx"></script>', () => head.join('\n    '))
}

/** @param {string} path of a file below assets/ */
function url(path) {
  return `./assets/${basename(path)}`
}

/** The policy as the hosts declare it. esbuild reads it, since older releases of Node run no TypeScript. */
async function embeddedPolicy() {
  const { transform } = await import('esbuild')
  const source = readFileSync(join(root, 'src/routes/policy.ts'), 'utf8')
  const { code } = await transform(source, { loader: 'ts', format: 'esm' })
  /** @type {{ EMBEDDED_POLICY: string }} */
  const { EMBEDDED_POLICY } = await import(`data:text/javascript,${encodeURIComponent(code)}`)
  return EMBEDDED_POLICY
}
