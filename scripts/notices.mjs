// `node scripts/notices.mjs`: writes THIRD-PARTY-NOTICES.txt, the licences of the packages whose code is in
// what is published: in the page, in the bundles of dist/worker, and in the binaries.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from './hosts.mjs'

/** The file's name, in the repository and wherever it is put. */
export const NOTICES = 'THIRD-PARTY-NOTICES.txt'

const HEAD = `Third-party notices

sluice contains code of the packages below: in dist/page and dist/worker of the npm package, and in the
binaries, which hold all of them. Each package's licence follows its name.

The binaries also contain Bun (https://github.com/oven-sh/bun), which is under the MIT licence and links
JavaScriptCore, under version 2 of the LGPL, and other libraries. Its LICENSE.md names each of them with its
licence, and says where their source is and how Bun is linked again with a changed one:
https://github.com/oven-sh/bun/blob/main/LICENSE.md
`

const WEBLLM = '@mlc-ai/web-llm'

/** What web-llm's published file holds of its own project, under its licence. */
const WITHIN_WEBLLM = ['@mlc-ai/web-runtime', '@mlc-ai/web-tokenizers', '@mlc-ai/web-xgrammar']

/** Of packages that have no file with their licence, as their repository has it. */
const HOLDERS = { '@redis/client': '2022-2025, Redis, inc.' }

/** The folders of the packages that a build has taken code from. @param {import('esbuild').Metafile} metafile */
function foldersIn({ outputs }) {
  const used = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs))
  return used
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .flatMap(([path]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [])
}

/** The folders of all packages that are bundled, sorted by the packages' names. */
async function bundledFolders() {
  const { build } = await import('esbuild')
  const common = /** @satisfies {import('esbuild').BuildOptions} */ ({
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    outdir: 'none',
    mainFields: ['module', 'main'],
    logLevel: 'error',
  })
  const built = await Promise.all([
    build({ ...common, platform: 'node', entryPoints: ['src/hosts/binary.ts'] }),
    build({
      ...common,
      entryPoints: [
        'demo/main.tsx',
        'worker/service-worker.ts',
        'worker/engine.ts',
        'worker/edge.ts',
      ],
      external: [WEBLLM, 'node:*', 'cloudflare:*'],
      jsx: 'automatic',
      jsxImportSource: 'preact',
    }),
  ])
  const webllm = `node_modules/${WEBLLM}`
  // Its published file holds these already, so that no build of ours sees them.
  const within = Object.keys(manifestOf(webllm).dependencies).map((name) => `node_modules/${name}`)
  const found = built.flatMap(({ metafile }) => foldersIn(metafile))
  const folders = [...new Set([...found, webllm, ...within])]
  return folders.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
}

/** @param {string} folder */
function manifestOf(folder) {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
}

/** @param {string} folder */
function nameOf(folder) {
  return folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length)
}

/** A package's licence, and its notices where it has some. @param {string} folder */
function licenceOf(folder) {
  const files = readdirSync(join(root, folder))
  const found = files.filter((file) => /^(?:licen[cs]e|notice)(?:\.md|\.txt|-MIT)?$/i.test(file))
  if (found.length > 0) {
    const texts = found.sort().map((file) => readFileSync(join(root, folder, file), 'utf8').trim())
    return texts
      .join('\n\n')
      .replaceAll('\r\n', '\n')
      .replaceAll(/[ \t]+$/gm, '')
  }
  const holder = new Map(Object.entries(HOLDERS)).get(nameOf(folder))
  if (holder === undefined) {
    throw new Error(
      `${folder}: expected a file with its licence, found none; name its holder in scripts/notices.mjs.`,
    )
  }
  const own = readFileSync(join(root, 'LICENSE'), 'utf8').trim()
  return own.replace(/(?<=Copyright \(c\) ).*/, holder)
}

/** The text of the file. Packages with the same licence, word by word, share it. */
export async function notices() {
  /** @type {Map<string, string[]>} */
  const byText = new Map()
  for (const folder of await bundledFolders()) {
    const { version, license } = manifestOf(folder)
    const name = nameOf(folder)
    const inside = name === WEBLLM ? WITHIN_WEBLLM : []
    const text = licenceOf(folder)
    byText.set(text, [
      ...(byText.get(text) ?? []),
      `${name} ${version} (${license})`,
      ...inside.map((each) => `${each}, in the file of ${name} (${license})`),
    ])
  }
  const line = '-'.repeat(80)
  const parts = [...byText].map(
    ([text, names]) => `${line}\n${names.join('\n')}\n${line}\n\n${text}\n`,
  )
  return [HEAD, ...parts].join('\n')
}

if (resolve(process.argv[1] ?? '') === fileURLToPath(import.meta.url)) {
  writeFileSync(join(root, NOTICES), await notices())
}
