// Bundles a program into two files: what it loads when it starts, and beside it the rest, which is what it
// imports by `import()`. A runtime reads, compiles and keeps only the first one until the other is needed.
//
// esbuild's own `splitting` is not used, since a runtime runs each of its files as soon as it loads it. A server has
// to load all of the rest soon, so that no request waits for that and a later build may remove it: as files of
// esbuild's this took 15 ms (Node) to 20 ms (Bun) more in one turn of the event loop, and then 3 to 4 MB more of 64 to
// 73 MB, for the schemas of requests that most servers never get. esbuild can put off running a module only within one
// file that holds all that the module imports. So the rest is bundled by itself here, each module behind a function,
// and what it uses of the first file is handed to it when it is loaded.

import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'

/** @typedef {typeof import('esbuild')} Esbuild */
/** @typedef {import('esbuild').Metafile['inputs']} Graph */

/**
 * A name in the first file that the rest uses: `local` is what the rest calls it. The namespace of a package has
 * the names that are used of it, and no other, so that the first file need not hold the whole package.
 * @typedef {{ from: string, name: string, local: string } | { from: string, names: string[], local: string }} Link
 */

/**
 * Packages of which the rest has a copy of what it uses of them: a command that seldom runs would else put that into
 * the first file. Nothing may hold state there that both need.
 */
const COPIED = new Set(['zod/v4/core'])

/** What esbuild calls a program that is given as a text. */
const PROGRAM = '<stdin>'

/**
 * Writes the program into `outfile`, and the rest of it beside that. Throws where esbuild fails.
 * @param {Esbuild} esbuild
 * @param {{ root: string, contents: string, outfile: string, format: 'cjs' | 'esm', apart?: string[], before?: string }} program
 * `contents` imports files below `root`; each of those that are `apart` gets a file of its own, as one program needs
 * one of them at most; `before` is JavaScript that runs before all of it
 * @param {import('esbuild').BuildOptions} options
 * @returns {string[]} the files that it wrote, `outfile` first
 */
export function bundleInParts(esbuild, program, options) {
  const { root, contents, outfile, format, apart = [], before = '' } = program
  const common = { absWorkingDir: root, bundle: true, ...options }
  const { first, targets, graph } = partsOf(esbuild, root, contents, options, apart)
  const parts = [
    ...apart.map((target) => ({ name: basename(target).replace(/\.\w+$/, ''), targets: [target] })),
    { name: 'rest', targets: targets.filter((target) => !apart.includes(target)) },
  ].filter(({ targets }) => targets.length > 0)
  requireNoneTwice(parts, first, graph)
  const held = heldBy(first, graph)
  const built = parts.map(({ name, targets }) => ({
    ...{ targets, file: outfile.replace(/(\.\w+)$/, `-${name}$1`) },
    ...buildRest(esbuild, { root, targets, common, held }),
  }))
  const { text } = onlyFile(
    esbuild.buildSync({
      ...common,
      ...{ outfile, format, write: false },
      stdin: {
        contents: linking(built, format, options.platform === 'node') + contents,
        resolveDir: root,
      },
      external: [...(options.external ?? []), ...targets.map((target) => join(root, target))],
      banner: { js: `${before}${built.length > 0 ? 'let $rest={};' : ''}` },
    }),
  )
  mkdirSync(dirname(outfile), { recursive: true })
  writeFileSync(outfile, loadingRest(text, { root, folder: dirname(outfile), parts: built }))
  for (const { file, text } of built) {
    writeFileSync(file, format === 'cjs' ? asCommonJs(esbuild, text) : text)
  }
  return [outfile, ...built.map(({ file }) => file)]
}

/**
 * Throws where a file would be in several parts besides the first: a program would have two of it.
 * @param {{ name: string, targets: string[] }[]} parts @param {Set<string>} first @param {Graph} graph
 */
function requireNoneTwice(parts, first, graph) {
  const rest = parts.find(({ name }) => name === 'rest')
  const isApart = (/** @type {string} */ _, /** @type {string} */ path) => !first.has(path)
  const inRest = reachedFrom(rest?.targets ?? [], graph, isApart)
  for (const { name, targets } of parts.filter((part) => part !== rest)) {
    const files = reachedFrom(targets, graph, isApart)
    const twice = [...files].filter((file) => inRest.has(file))
    if (twice.length > 0)
      throw new Error(`${name}: its files are in the rest, too: ${twice.join(', ')}`)
  }
}

/**
 * The files of a program that are loaded when it starts, and those of the others that it loads by `import()`.
 * @param {Esbuild} esbuild @param {string} root @param {string} contents
 * @param {import('esbuild').BuildOptions} options
 * @param {string[]} [apart] what all of these load is loaded when the program starts
 */
export function partsOf(esbuild, root, contents, options, apart = []) {
  const { metafile } = esbuild.buildSync({
    ...{ absWorkingDir: root, bundle: true, format: 'esm', ...options },
    ...{ stdin: { contents, resolveDir: root }, metafile: true, write: false },
  })
  const graph = metafile.inputs
  const isAtOnce = (/** @type {string} */ kind) => kind !== 'dynamic-import'
  const [some, ...others] = apart.map((target) => reachedFrom([target], graph, isAtOnce))
  const shared = [...(some ?? [])].filter((file) => others.every((files) => files.has(file)))
  const first = reachedFrom([PROGRAM, ...shared], graph, isAtOnce)
  const imported = [...first].flatMap((file) => graph[file]?.imports ?? [])
  const targets = imported.flatMap(({ path, external }) =>
    external || first.has(path) ? [] : [path],
  )
  return { first, targets: [...new Set(targets)], graph, metafile }
}

/**
 * The files of a graph that are reached by some of its imports.
 * @param {string[]} from @param {Graph} graph @param {(kind: string, path: string) => boolean} isFollowed
 */
function reachedFrom(from, graph, isFollowed) {
  const reached = new Set(from)
  for (const file of reached) {
    for (const { path, kind, external } of graph[file]?.imports ?? []) {
      if (!external && isFollowed(kind, path)) reached.add(path)
    }
  }
  return reached
}

/**
 * What the rest imports from the first file: files below the root, and packages by their names.
 * @param {Set<string>} first @param {Graph} graph
 */
function heldBy(first, graph) {
  const held = new Set()
  for (const file of Object.keys(graph).filter((each) => !first.has(each))) {
    for (const { path, original = '', external } of graph[file]?.imports ?? []) {
      if (external || !first.has(path) || COPIED.has(original)) continue
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
    /\bimport(?:(\{[^{}]*\}|\*as [\w$]+ )from)?"([^"]+)";/g,
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

/**
 * The names that a text uses of a namespace: `z.string`, `...z.names`, and not `other.z.string`.
 * @param {string} local @param {string} text
 */
function usedOf(local, text) {
  const pieces = text.split(`${local}.`)
  const used = pieces.slice(1).flatMap((piece, index) => {
    const isOther = /[\w$]$|(?<!\.\.)\.$/.test(pieces[index] ?? '')
    return isOther ? [] : (/^[\w$]+/.exec(piece) ?? [])
  })
  return [...new Set(used)]
}

/** Milliseconds from the start of a program until it loads the rest. */
const SOON = 1_000

/**
 * What precedes the program in the first file: it loads the other parts where they are needed, and on a server the
 * last of them otherwise soon, so that no request has to wait for it and a later build may remove the file.
 * @param {{ file: string, targets: string[], links: Link[] }[]} parts @param {'cjs' | 'esm'} format
 * @param {boolean} isServer
 */
function linking(parts, format, isServer) {
  const load = format === 'cjs' ? 'require' : 'await import'
  const opens = parts.map(({ file, links }, part) => {
    const name = (/** @type {number} */ index) => `held${part}x${index}`
    // Not as literals: Deno would load what a literal names when it starts.
    return `${links.map((link, index) => importOf(link, name(index))).join('\n')}
$rest.file${part} = ${JSON.stringify(`./${basename(file)}`)}
$rest.open${part} = async () => {
  const { modules, $link } = ${load}($rest.file${part})
  $link([${links.map((link, index) => heldValue(link, name(index))).join(', ')}])
  return modules
}
$rest.load${part} = () => ($rest.part${part} ??= $rest.open${part}())`
  })
  const isLoadedSoon = isServer && parts.length > 0
  return [...opens, isLoadedSoon ? loadingSoon(parts.length - 1) : '', ''].join('\n')
}

/** @param {number} part */
const loadingSoon = (part) => `
import { setTimeout as sleep } from 'node:timers/promises'
sleep(${SOON}, undefined, { ref: false }).then($rest.load${part}).catch(() => {})`

/** @param {Link} link @param {string} name */
function importOf(link, name) {
  const what = 'names' in link ? `* as ${name}` : `{ ${link.name} as ${name} }`
  return `import ${what} from ${JSON.stringify(link.from)}`
}

/** @param {Link} link @param {string} name */
function heldValue(link, name) {
  return 'names' in link
    ? `{${link.names.map((each) => `${each}: ${name}.${each}`).join(', ')}}`
    : name
}

/**
 * The text of the first file, where `import()` of a file of another part is replaced by loading that.
 * @param {string} text
 * @param {{ root: string, folder: string, parts: { targets: string[] }[] }} where
 */
function loadingRest(text, { root, folder, parts }) {
  return text.replaceAll(/\bimport\("(\.[^"]+)"\)/g, (whole, /** @type {string} */ path) => {
    const target = relative(root, resolve(folder, path))
    const part = parts.findIndex(({ targets }) => targets.includes(target))
    if (part === -1) return whole
    return `$rest.load${part}().then(modules=>modules[${JSON.stringify(target)}]())`
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
