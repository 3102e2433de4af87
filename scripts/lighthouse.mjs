// `npm run lighthouse -- [URL…]`: Lighthouse's scores of the page, or of other pages, on a computer and on a
// phone. It fails below 95. Lighthouse is large, so it is no package of the project: it comes when it is run.

import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { binaryOf, hostCommand, root } from './hosts.mjs'
import { installAll, npm } from './install.mjs'
import { capture } from './process.mjs'
import { chromiumPath } from './system.mjs'

const VERSION = '13.5.0'
const LEAST = 95
const folder = join(root, 'node_modules/.cache/lighthouse')

const HELP = `npm run lighthouse -- [options] [URL…]
  URL…            the pages to judge; by default the page of a sluice that is started for it
  --preset NAME   only desktop or mobile; both by default
  --json FOLDER   keeps Lighthouse's reports there
It fails where performance, accessibility or best practices are below ${LEAST}. Performance depends on the
machine: judge it on one that does nothing else.`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    preset: { type: 'string' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

/** The categories, and the least score of each. */
const CATEGORIES = { performance: LEAST, accessibility: LEAST, 'best-practices': LEAST, seo: 0 }

if (values.help) console.log(HELP)
else {
  const presets = values.preset === undefined ? ['desktop', 'mobile'] : [values.preset]
  const unknown = presets.find((each) => !['desktop', 'mobile'].includes(each))
  if (unknown !== undefined) {
    throw new Error(`--preset: expected desktop or mobile, got ${unknown}; leave it out for both.`)
  }
  installAll()
  await judgeAll(presets)
}

/** @param {string[]} presets */
async function judgeAll(presets) {
  const path = chromiumPath()
  if (path === undefined) {
    throw new Error('lighthouse: found no Chromium. Install it, or set CHROMIUM to its path.')
  }
  install()
  const own = positionals.length === 0 ? await startOwn() : undefined
  try {
    for (const url of own ? [own.url] : positionals) {
      for (const preset of presets) await judge(url, preset, path)
    }
  } finally {
    own?.stop()
  }
}

/** Lighthouse into a folder of its own, unless it is there. */
function install() {
  const file = join(folder, 'node_modules/lighthouse/package.json')
  if (existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).version === VERSION) return
  console.log(`Installing lighthouse ${VERSION} …`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n')
  const flags = ['install', '--save-exact', '--no-audit', '--no-fund', '--loglevel=error']
  const { file: command, args, shell } = npm([...flags, `lighthouse@${VERSION}`])
  const { status } = spawnSync(command, args, { cwd: folder, shell, stdio: 'inherit' })
  if (status !== 0) throw new Error(`lighthouse: npm could not install it (${status}); see above.`)
}

/** A sluice with the built page. */
async function startOwn() {
  capture(binaryOf('node'), [
    '-e',
    `import(${JSON.stringify(pathToFileURL(join(root, 'scripts/page.mjs')).href)}).then(({ buildPage }) => buildPage(${JSON.stringify(join(root, 'dist/page'))}))`,
  ])
  const { file, args, env, cwd } = hostCommand('bun', ['--port', '0', '--no-discover'])
  const child = spawn(file, args, { env, cwd, stdio: ['ignore', 'ignore', 'pipe'] })
  /** @type {string} */
  const url = await new Promise((resolve, reject) => {
    let output = ''
    child.stderr.on('data', (data) => {
      output += data
      const [address] = /http:\/\/127\.0\.0\.1:\d+(?=\D)/.exec(output) ?? []
      if (address !== undefined) resolve(`${address}/`)
    })
    child.on('exit', () => reject(new Error(`sluice did not start:\n${output}`)))
  })
  return { url, stop: () => child.kill('SIGTERM') }
}

/**
 * @param {string} url
 * @param {string} preset
 * @param {string} chromium
 */
async function judge(url, preset, chromium) {
  const file = join(folder, 'report.json')
  const flags = ['--headless=new', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])]
  const args = [
    join(folder, 'node_modules/lighthouse/cli/index.js'),
    ...[url, '--quiet', '--output=json', `--output-path=${file}`],
    `--chrome-flags=${flags.join(' ')}`,
    `--only-categories=${Object.keys(CATEGORIES).join(',')}`,
    ...(preset === 'desktop' ? ['--preset=desktop'] : []),
  ]
  const env = { ...process.env, CHROME_PATH: chromium }
  const { status } = spawnSync(binaryOf('node'), args, {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (status !== 0) throw new Error(`${url}: Lighthouse ended with ${status}; see above.`)
  const text = readFileSync(file, 'utf8')
  if (values.json !== undefined) {
    mkdirSync(values.json, { recursive: true })
    writeFileSync(join(values.json, `${url.replaceAll(/\W+/g, '-')}-${preset}.json`), text)
  }
  report(url, preset, JSON.parse(text))
}

/**
 * Prints the scores, and what costs points.
 * @param {string} url
 * @param {string} preset
 * @param {{ categories: Record<string, any>, audits: Record<string, any> }} result
 */
function report(url, preset, { categories, audits }) {
  const scores = Object.entries(CATEGORIES).map(([name, least]) => {
    const score = Math.round((categories[name]?.score ?? 0) * 100)
    if (score < least) process.exitCode = 1
    return `${name} ${score}${score < least ? ' (too low)' : ''}`
  })
  console.log(`${url} ${preset}: ${scores.join(', ')}`)
  for (const { auditRefs } of Object.values(categories)) {
    for (const { id, weight } of auditRefs) {
      const { score, title, displayValue = '' } = audits[id]
      if (weight > 0 && score !== null && score < 0.9) console.log(`  ${title} ${displayValue}`)
    }
  }
}
