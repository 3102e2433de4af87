/** `npm run test:field`: real clients, driven through sluice. `--help` says how. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../scripts/hosts.mjs'
import { CELL_NAMES, type CellName } from './cells.ts'
import { type Api, type Client, clients, linesIdOf } from './clients.ts'
import { drive, type Verdict } from './drive.ts'
import { FOLDER, install, isInstalled } from './install.ts'
import { HELP, type Options, readOptions } from './options.ts'
import { blocksFor, markOf, readPage } from './page.ts'
import { endScene, makeScene, type Scene } from './scene.ts'
import {
  type CellResult,
  mergedResults,
  type Results,
  readCommitted,
  readResult,
  storeCell,
  storeResult,
  today,
  writeCommitted,
} from './store.ts'
import { summary, withTable } from './table.ts'

// Said explicitly, because the first process of a namespace ignores the signals that it does not handle.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(130))

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`field: ${error instanceof Error ? error.message : error}`)
  return 2
})
// A client's process that does not end must not keep this one.
process.exit()

async function main(args: string[]): Promise<number> {
  const options = readOptions(args)
  const chosen = clients.filter(({ name }) => isChosen(name, options.only))
  if (options.task === 'help') console.log(HELP)
  if (options.task === 'install') installAll(chosen, options)
  if (options.task === 'table') writeTable(options)
  if (options.task !== 'drive') return 0
  for (const client of chosen) if (isInstalled(client)) await driveClient(client, options)
  const results = stored(chosen, options)
  console.log(`field: ${summary(results)}`)
  return summary(results).includes(' 0 failed') ? 0 : 1
}

function isChosen<Name extends string>(name: Name, chosen: Name[]): boolean {
  return chosen.length === 0 || chosen.includes(name)
}

/** A client that does not install is named in the table; the others are driven. */
function installAll(chosen: Client[], { host }: Options): void {
  for (const client of chosen) {
    const missing = install(client)
    if (missing === undefined) continue
    console.log(`${client.title}: ${missing}`)
    storeResult(client, { ...readResult(client, host), date: today(), missing })
  }
}

async function driveClient(client: Client, options: Options): Promise<void> {
  for (const api of client.apis) {
    if (!isChosen(api.id, options.apis)) continue
    const lines = markOf(blocksFor(readPage(client.name), linesIdOf(api)))
    for (const cell of CELL_NAMES) {
      if (!isChosen(cell, options.cells)) continue
      const known = readResult(client, options.host).apis[api.id]?.[cell]
      const isDone = known?.result === 'pass' && known.lines === lines
      if (isDone && !options.isAgain) continue
      const result = { ...(await driveCell(client, api, cell, options)), lines }
      storeCell(client, { api: api.id, cell, host: options.host }, result)
      const sign = { pass: 'PASS', fail: 'FAIL', none: '-   ' }[result.result]
      const note = result.note ? `: ${result.note}` : ''
      console.log(`${sign} ${client.title}, ${api.title}, ${cell} (${result.seconds} s)${note}`)
    }
  }
}

async function driveCell(
  client: Client,
  api: Api,
  cell: CellName,
  options: Options,
): Promise<Omit<CellResult, 'lines'>> {
  const why = api.without?.[cell]
  if (why !== undefined) return { result: 'none', note: why, seconds: 0 }
  const started = performance.now()
  let scene: Scene | undefined
  let verdict: Verdict = { passed: false, output: '' }
  try {
    scene = await makeScene(client, api, cell, options)
    verdict = await drive(scene, cell)
  } catch (error) {
    const note = error instanceof Error ? error.message : String(error)
    verdict = { passed: false, note, output: '' }
  } finally {
    if (scene) await endScene(scene, verdict.passed)
  }
  if (scene) keepLog(scene, cell, verdict)
  const seconds = Math.round((performance.now() - started) / 100) / 10
  const { passed, note } = verdict
  return {
    result: passed ? 'pass' : 'fail',
    ...(note && { note: scene ? tidy(note, scene) : note }),
    seconds,
  }
}

/** Without what differs from run to run and from machine to machine. */
function tidy(note: string, { place, server }: Scene): string {
  return note
    .replaceAll(place.project, 'PROJECT')
    .replaceAll(place.home, '~')
    .replaceAll(server.url, 'http://127.0.0.1:8787')
    .replaceAll('|', '\\|')
    .replace(/\s+/g, ' ')
    .trim()
}

/** What the client printed, what the server was asked and what sluice logged. */
function keepLog({ client, api, engine, server }: Scene, cell: CellName, verdict: Verdict): void {
  const folder = join(FOLDER, 'logs')
  mkdirSync(folder, { recursive: true })
  const parts = [
    `${verdict.passed ? 'PASS' : 'FAIL'} ${verdict.note ?? ''}`,
    verdict.output,
    ...server.log.map((entry) => JSON.stringify(entry)),
    ...engine.asked.map((entry) => JSON.stringify(entry)),
  ]
  writeFileSync(join(folder, `${client.name}.${api.id}.${cell}.txt`), `${parts.join('\n\n')}\n`)
}

function stored(chosen: Client[], { host }: Options): Results {
  const found = chosen.map((client) => [client.name, readResult(client, host)] as const)
  return Object.fromEntries(found.filter(([, { date }]) => date !== ''))
}

function writeTable(options: Options): void {
  const results = mergedResults(readCommitted(), stored(clients, options))
  writeCommitted(results)
  const file = join(root, 'docs/clients.md')
  writeFileSync(file, withTable(readFileSync(file, 'utf8'), results))
  console.log(`field: wrote docs/clients.md and docs/clients/results.json: ${summary(results)}`)
}
