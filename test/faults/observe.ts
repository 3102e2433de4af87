import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { LogEntry, Server } from '../support/server.ts'
import type { RecordedRequest, Upstream } from '../support/upstream.ts'

/** Sockets that a process has open, those that listen among them. */
function socketsOf(pid: number): number {
  const folder = `/proc/${pid}/fd`
  const targets = readdirSync(folder).map((fd) => targetOf(`${folder}/${fd}`))
  // One that is held twice, as an output is once something was written to it, is one.
  return new Set(targets.filter((target) => target.startsWith('socket:'))).size
}

/** Empty where it is gone. */
function targetOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

/** Who a process is connected with, for whoever has to find out what was left: hexadecimal, as Linux has it. */
function connectionsOf(pid: number): string {
  const folder = `/proc/${pid}/fd`
  const own = readdirSync(folder).map((fd) => /\d+/.exec(targetOf(`${folder}/${fd}`))?.[0])
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n')
  const columns = lines.map((line) => line.trim().split(/\s+/))
  return columns
    .filter(([, , , , , , , , , inode]) => own.includes(inode))
    .map(([, from, to, state]) => `${from} → ${to} ${state}`)
    .join('\n')
}

/** Waits until `holds`; afterwards `expect` is what fails. */
export async function until(holds: () => boolean, ms: number): Promise<void> {
  const deadline = performance.now() + ms
  while (!holds() && performance.now() < deadline) await sleep(10)
}

/** Nobody waits for the upstream's answer any more, whoever ended it. */
export async function expectReleased(records: RecordedRequest[], ms = 5_000): Promise<void> {
  const isOver = (each: RecordedRequest) =>
    each.finished || each.broken !== undefined || each.hungUpAt !== undefined
  await until(() => records.every(isOver), ms)
  expect(records.filter((each) => !isOver(each)).map(({ body }) => body)).toEqual([])
}

/** There is one line for `model`, now and later, and it says this. */
export async function expectOneLine(
  server: Server,
  model: string,
  entry: Partial<LogEntry>,
): Promise<void> {
  await server.nextLog((each) => each.model === model, 5_000)
  // Any second one would come at once.
  await sleep(50)
  const lines = server.log.filter((each) => each.model === model)
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatchObject(entry)
}

/** What a process had before anything went wrong. */
export interface Baseline {
  sockets: number
  memory: number
}

/** Connections to the upstream that only rest do not count. */
export function baselineOf(server: Server, upstream?: Upstream): Baseline {
  const resting = upstream?.connections() ?? 0
  return { sockets: socketsOf(server.pid) - resting, memory: server.memory() }
}

/** Nothing is left of all that happened: no socket, not much memory; and it serves as ever. */
export async function expectClean(
  server: Server,
  before: Baseline,
  upstream?: Upstream,
  ms = 25_000,
): Promise<void> {
  await until(() => baselineOf(server, upstream).sockets <= before.sockets, ms)
  const after = baselineOf(server, upstream)
  expect(after.sockets, connectionsOf(server.pid)).toBeLessThanOrEqual(before.sockets)
  expect((after.memory - before.memory) / 2 ** 20).toBeLessThan(150)
  const health = await fetch(`${server.url}/health`, { headers: { connection: 'close' } })
  // Its engine may be left alone by now, after all the failures.
  expect([health.status, await health.json()]).toMatchObject([200, { version: expect.any(String) }])
}
