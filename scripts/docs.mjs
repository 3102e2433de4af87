// The documentation site:
//   node scripts/docs.mjs dev       # shows it while it is written
//   node scripts/docs.mjs build     # static files, into dist-docs/
//   node scripts/docs.mjs preview   # serves these as a static host would

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { problemsOf } from './docs-check.mjs'
import { binaryOf, root } from './hosts.mjs'
import { installAll, npm } from './install.mjs'

/** What builds the site has packages of its own, so that only those who build it wait for them. */
const folder = join(root, 'docs/.vitepress')

/** Installs the site's packages, if they are not those of its lock file. @throws when npm fails */
export function installSite() {
  const locked = packagesOf('package-lock.json')
  const installed = packagesOf('node_modules/.package-lock.json')
  // npm lists as installed what is for this system.
  const isInstalled = Object.entries(locked).every(
    ([path, { optional, version }]) =>
      path === '' || optional || installed[path]?.version === version,
  )
  if (isInstalled) return
  console.error('sluice: installing VitePress with npm ci; later builds skip this')
  const { file, args, shell } = npm(['ci', '--ignore-scripts', '--loglevel=error'])
  const { status } = spawnSync(file, args, {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell,
  })
  if (status !== 0) {
    throw new Error(
      'npm: npm ci failed in docs/.vitepress; solve the problem that it printed above, and try again.',
    )
  }
}

/** @param {string} file @returns {Record<string, { version?: string, optional?: boolean }>} by path */
function packagesOf(file) {
  const path = join(folder, file)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : {}
}

/**
 * Builds the site, with the page as its live demo, and checks it.
 * @param {string} outDir
 * @param {Record<string, string>} [env] DOCS_URL or DOCS_BASE: where it will be served
 * @throws when something of it cannot be built, or a link leads nowhere
 */
export async function buildDocs(outDir, env = {}) {
  installSite()
  const { status, output } = vitepress(['build', '..'], { ...env, DOCS_OUT: outDir }, 'pipe')
  if (status !== 0) throw new Error(`vitepress: the build failed; it said:\n${output}`)
  const { buildPage } = await import('./page.mjs')
  await buildPage(join(outDir, 'demo'))
  const problems = problemsOf(outDir, baseOf(env))
  if (problems.length > 0) {
    throw new Error(`docs: ${problems.length} things to correct:\n  ${problems.join('\n  ')}`)
  }
}

/** @param {Record<string, string | undefined>} env as docs/.vitepress/config.ts reads it */
function baseOf({ DOCS_URL, DOCS_BASE }) {
  const { pathname } = new URL(DOCS_URL ?? DOCS_BASE ?? '/', 'http://localhost')
  return pathname.endsWith('/') ? pathname : `${pathname}/`
}

/**
 * Its working folder is its own: it links packages into the one where it runs.
 * @param {string[]} args @param {Record<string, string>} env @param {'pipe' | 'inherit'} stdio
 */
function vitepress(args, env, stdio) {
  const { status, stdout, stderr } = spawnSync(
    binaryOf('node'),
    ['node_modules/vitepress/bin/vitepress.js', ...args],
    { cwd: folder, env: { ...process.env, ...env }, stdio: ['inherit', stdio, stdio] },
  )
  return { status, output: `${stdout ?? ''}${stderr ?? ''}` }
}

async function main() {
  const [command = 'dev', ...args] = process.argv.slice(2)
  installAll()
  installSite()
  const outDir = join(root, 'dist-docs')
  if (command === 'build') {
    await buildDocs(outDir, definedOf(process.env))
    console.log(`sluice: the site is in ${relative(process.cwd(), outDir)}`)
    return
  }
  process.exitCode = vitepress([command, '..', ...args], {}, 'inherit').status ?? 1
}

/** @param {NodeJS.ProcessEnv} env @returns {Record<string, string>} */
function definedOf({ DOCS_URL, DOCS_BASE }) {
  return { ...(DOCS_URL && { DOCS_URL }), ...(DOCS_BASE && { DOCS_BASE }) }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main().catch((error) => {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  })
}
