/** Results: a file per client while the suite runs, one file that is committed with the docs. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { CellName } from './cells.ts'
import { type Client, versionOf } from './clients.ts'
import { FOLDER } from './install.ts'
import { PAGES } from './page.ts'

export interface CellResult {
  result: 'pass' | 'fail' | 'none'
  /** Why it failed or cannot be asked for, or what a user should know. */
  note?: string
  seconds: number
  /** `markOf` the lines of the page that were driven. */
  lines: string
}

export interface ClientResult {
  version: string
  host: string
  /** The day of its last cell, `2026-11-26`. */
  date: string
  /** Why nothing of it could be driven. */
  missing?: string
  /** By API, then by cell. */
  apis: Record<string, Partial<Record<CellName, CellResult>>>
}

/** By client. */
export type Results = Record<string, ClientResult>

const COMMITTED = join(PAGES, 'results.json')

function fileOf(client: string, host: string): string {
  return join(FOLDER, 'results', host, `${client}.json`)
}

/** What is stored of a client's pinned version; an empty result where there is nothing. */
export function readResult(client: Client, host: string): ClientResult {
  const version = versionOf(client)
  const stored = readJson(fileOf(client.name, host)) as ClientResult | undefined
  if (stored?.version === version) return stored
  return { version, host, date: '', apis: {} }
}

export function storeResult(client: Client, result: ClientResult): void {
  writeJson(fileOf(client.name, result.host), result)
}

/** Stores one cell, beside those that are stored already. */
export function storeCell(
  client: Client,
  { api, cell, host }: { api: string; cell: CellName; host: string },
  result: CellResult,
): void {
  // Read anew: another process may be driving another API of the client.
  const { missing: _, ...stored } = readResult(client, host)
  const apis = { ...stored.apis, [api]: { ...stored.apis[api], [cell]: result } }
  storeResult(client, { ...stored, date: today(), apis })
}

export function today(): string {
  return new Date().toISOString().slice(0, 10)
}

/** The committed results. */
export function readCommitted(): Results {
  return (readJson(COMMITTED) ?? {}) as Results
}

/**
 * The committed results, and in place of each client's those that were stored since. Of the same version on
 * the same host, an API that was not driven anew keeps what is committed.
 */
export function mergedResults(committed: Results, stored: Results): Results {
  const merged = Object.entries(stored).map(([name, result]) => {
    const before = committed[name]
    const isSame = before?.version === result.version && before.host === result.host
    return [
      name,
      isSame ? { ...result, apis: { ...before.apis, ...result.apis } } : result,
    ] as const
  })
  return { ...committed, ...Object.fromEntries(merged) }
}

export function writeCommitted(results: Results): void {
  writeJson(COMMITTED, results)
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Error(`${file}: expected JSON (${error}); delete it to drive the client anew.`)
  }
}

function writeJson(file: string, value: object): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`)
}
