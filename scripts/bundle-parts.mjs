// Bundles a program into two files: what it loads when it starts, and beside it the rest, which is what it
// imports by `import()`. A runtime reads, compiles and keeps only the first one until the other is needed.

import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'

/** @typedef {typeof import('esbuild')} Esbuild */
/** @typedef {import('esbuild').Metafile['inputs']} Graph */

/**
 * A name in the first file that the rest uses: `local` is what the rest calls it. The namespace of a package has
 * the names that are used of it, and no other, so that the first file need not hold the whole package.
 * @typedef {{ from: string, name: string, local: string } | { from: string, names: string[], local: string }} Link
 */

/** What esbuild calls a program that is given as a text. */
const PROGRAM = '<stdin>'

/**
 * Writes the program into `outfile`, and the rest of it beside that. Throws where esbuild fails.
 * @param {Esbuild} esbuild
 * @param {{ root: string, contents: string, outfile: string, format: 'cjs' | 'esm' }} program `contents` imports
 * files below `root`
 * @param {import('esbuild').BuildOptions} options
 * @returns {string[]} the files that it wrote, `outfile` first
 */
export function bundleInParts(esbuild, { root, contents, outfile, format }, options) {
  const common = { absWorkingDir: root, bundle: true, ...options }
  const { first, targets, graph } = partsOf(esbuild, root, contents, options)
  const isRest = (/** @type {string} */ file) => !first.has(file)
  mkdirSync(dirname(outfile), { recursive: true })
  if (targets.length === 0) {
    esbuild.buildSync({ ...common, stdin: { contents, resolveDir: root }, outfile, format })
    return [outfile]
  }
  const restFile = outfile.replace(/(\.\w+)$/, '-rest$1')
  const rest = buildRest(esbuild, { root, targets, common, held: heldBy(first, graph, isRest) })
  const { text } = onlyFile(
    esbuild.buildSync({
      ...common,
      stdin: {
        contents: linking(rest.links, format, options.platform === 'node') + contents,
        resolveDir: root,
      },
      outfile,
      format,
      write: false,
      external: [...(options.external ?? []), ...targets.map((target) => join(root, target))],
      banner: { js: `let $rest={file:${JSON.stringify(`./${basename(restFile)}`)}};` },
    }),
  )
  writeFileSync(outfile, loadingRest(text, { root, folder: dirname(outfile), targets }))
  writeFileSync(restFile, format === 'cjs' ? asCommonJs(esbuild, rest.text) : rest.text)
  return [outfile, restFile]
}

/**
 * The files of a program that are loaded when it starts, and those of the others that it loads by `import()`.
 * @param {Esbuild} esbuild @param {string} root @param {string} contents
 * @param {import('esbuild').BuildOptions} options
 */
export function partsOf(esbuild, root, contents, options) {
  const { metafile } = esbuild.buildSync({
    ...{ absWorkingDir: root, bundle: true, format: 'esm', ...options },
    ...{ stdin: { contents, resolveDir: root }, metafile: true, write: false },
  })
  const graph = metafile.inputs
  const first = new Set([PROGRAM])
  const targets = new Set()
  for (const file of first) {
    for (const each of graph[file]?.imports ?? []) {
      if (each.external) continue
      if (each.kind === 'dynamic-import') targets.add(each.path)
      else first.add(each.path)
    }
  }
  return { first, targets: [...targets].filter((target) => !first.has(target)), graph, metafile }
}

/**
 * What the rest imports from the first file: files below the root, and packages by their names.
 * @param {Set<string>} first @param {Graph} graph @param {(file: string) => boolean} isRest
 */
function heldBy(first, graph, isRest) {
  const held = new Set()
  for (const file of Object.keys(graph).filter(isRest)) {
    for (const { path, original = '', external } of graph[file]?.imports ?? []) {
      if (external || !first.has(path)) continue
      held.add(original.startsWith('.') ? `./${path}` : original)
    }
  }
  return held
}

/**
 * The rest as a module that exports `modules`, each behind a function, and `$link`, which takes from the first
 * file what they use of it.
 * @param {Esbuild} esbuild
 * @param {{ root: string, targets: string[], common: import('esbuild').BuildOptions, held: Set<string> }} rest
 */
function buildRest(esbuild, { root, targets, common, held }) {
  const modules = targets.map((each) => {
    const name = JSON.stringify(each)
    return `${name}: () => import(${JSON.stringify(`./${each}`)})`
  })
  // Its place decides how esbuild writes the paths of the files that it leaves out.
  const outfile = join(root, 'rest.js')
  const names = [...held].map((each) => (each.startsWith('./') ? join(root, each) : each))
  const { text } = onlyFile(
    esbuild.buildSync({
      ...common,
      stdin: { contents: `export const modules = {${modules.join(',')}}`, resolveDir: root },
      ...{ outfile, format: 'esm', write: false },
      external: [...(common.external ?? []), ...names],
    }),
  )
  /** @type {Link[]} */
  const links = []
  const body = text.replaceAll(
    /\bimport(?:(\{[^}]*\}|\*as [\w$]+ )from)?"([^"]+)";/g,
    (whole, /** @type {string | undefined} */ clause, /** @type {string} */ path) => {
      const from = path.startsWith('.') ? `./${relative(root, resolve(root, path))}` : path
      if (!held.has(from)) return whole
      if (clause?.startsWith('*')) links.push({ from, names: [], local: clause.slice(4, -1) })
      else links.push(...namesIn(clause).map((each) => ({ from, ...each })))
      return ''
    },
  )
  for (const link of links) if ('names' in link) link.names = usedOf(link.local, body)
  const locals = links.map(({ local }) => local)
  const head = locals.length > 0 ? `let ${locals.join(',')};` : ''
  const link = `export const $link=(given)=>{[${locals.join(',')}]=given};`
  return { text: `${head}${body}${link}\n`, links }
}

/** `{a,b as c}` @param {string} [clause] */
function namesIn(clause = '{}') {
  const words = clause.slice(1, -1).split(',').filter(Boolean)
  return words.map((word) => {
    const [name = '', local = name] = word.split(' as ')
    return { name, local }
  })
}

/** The names that a text uses of a namespace. @param {string} local @param {string} text */
function usedOf(local, text) {
  const escaped = local.replaceAll('$', '\\$')
  const found = text.matchAll(new RegExp(`(?<![\\w$.])${escaped}\\.([\\w$]+)`, 'g'))
  return [...new Set([...found].map(([, name = '']) => name))]
}

/** Milliseconds from the start of a program until it loads the rest. */
const SOON = 1_000

/**
 * What precedes the program in the first file: it loads the rest where that is needed, and on a server otherwise
 * soon, so that no request has to wait for it and a later build may remove the file.
 * @param {Link[]} links @param {'cjs' | 'esm'} format @param {boolean} isServer
 */
function linking(links, format, isServer) {
  const imports = links.map((link, index) => {
    const from = JSON.stringify(link.from)
    return 'names' in link
      ? `import * as held${index} from ${from}`
      : `import { ${link.name} as held${index} } from ${from}`
  })
  const values = links.map((link, index) => {
    if (!('names' in link)) return `held${index}`
    return `{${link.names.map((name) => `${name}: held${index}.${name}`).join(', ')}}`
  })
  return `
${imports.join('\n')}
let rest
const open = async () => {
  const { modules, $link } = ${format === 'cjs' ? 'require' : 'await import'}($rest.file)
  $link([${values.join(', ')}])
  return modules
}
const load = () => (rest ??= open())
$rest.load = async (name) => (await load())[name]()
${isServer ? SOON_LOADED : ''}
`
}

const SOON_LOADED = `
import { setTimeout as sleep } from 'node:timers/promises'
sleep(${SOON}, undefined, { ref: false }).then(load).catch(() => {})`

/**
 * The text of the first file, where `import()` of a file of the rest is replaced by loading the rest.
 * @param {string} text @param {{ root: string, folder: string, targets: string[] }} where
 */
function loadingRest(text, { root, folder, targets }) {
  return text.replaceAll(/\bimport\("(\.[^"]+)"\)/g, (whole, /** @type {string} */ path) => {
    const target = relative(root, resolve(folder, path))
    return targets.includes(target) ? `$rest.load(${JSON.stringify(target)})` : whole
  })
}

/** @param {Esbuild} esbuild @param {string} text */
function asCommonJs(esbuild, text) {
  const { code } = esbuild.transformSync(text, {
    ...{ target: 'es2024', minifyWhitespace: true, minifySyntax: true },
    platform: 'node',
    format: 'cjs',
  })
  return code
}

/** @param {import('esbuild').BuildResult<{ write: false }>} result */
function onlyFile({ outputFiles }) {
  const [file] = outputFiles
  if (file === undefined) throw new Error('esbuild: it built nothing')
  return file
}
