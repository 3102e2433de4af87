// Prometheus as a process of its own, asked by its HTTP API.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bringPrometheus, prometheusProgram } from '../../scripts/prometheus.mjs'
import { closedPort } from '../support/upstream.ts'

/** One series of an answer: its labels, and its value now. */
export interface Series {
  labels: Record<string, string>
  value: number
}

export interface Prometheus extends AsyncDisposable {
  /** Asks for what an expression is now. Rejects where it is no valid one. */
  query(expression: string): Promise<Series[]>
  /** Waits until the expression has such an answer; returns the last one where it never does. */
  until(expression: string, is: (found: Series[]) => boolean, ms?: number): Promise<Series[]>
  /** What it says of each server that it asks: the URL, and the error of the last time, if any. */
  targets(): Promise<{ url: string; health: string; lastError: string }[]>
  /** What its HTTP API answers at a path below /api/v1/. Rejects where that is an error. */
  ask(path: string): Promise<unknown>
}

/** The path of `prometheus` or `promtool`, which is brought where it is missing. Throws where it cannot be. */
export function programOf(name: 'prometheus' | 'promtool'): string {
  const reason = bringPrometheus()
  const path = prometheusProgram(name)
  if (path === undefined) throw new Error(`${name} cannot run: ${reason}`)
  return path
}

/** Starts it with a configuration as JSON, which is YAML too. It asks every second. */
export async function startPrometheus(config: object): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-prometheus-'))
  const file = join(folder, 'prometheus.yml')
  const global = { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' }
  await writeFile(file, JSON.stringify({ global, ...config }))
  const port = await closedPort()
  const address = `127.0.0.1:${port}`
  const child = spawn(
    programOf('prometheus'),
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let output = ''
  child.stderr.on('data', (text) => {
    output += text
  })
  const api = async (path: string) => {
    const response = await fetch(`http://${address}/api/v1/${path}`)
    const { status, data, error } = (await response.json()) as Answer
    if (status !== 'success') throw new Error(`Prometheus refused ${path}: ${error}`)
    return data
  }
  await untilReady(`http://${address}/-/ready`, child, () => output)
  const query = async (expression: string) => {
    const { result } = await api(`query?query=${encodeURIComponent(expression)}`)
    return (result ?? []).map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }))
  }
  return {
    ask: api,
    query,
    async until(expression, is, ms = 20_000) {
      const deadline = performance.now() + ms
      for (;;) {
        const found = await query(expression)
        if (is(found) || performance.now() > deadline) return found
        await sleep(200)
      }
    },
    async targets() {
      const { activeTargets = [] } = await api('targets')
      return activeTargets.map(({ scrapeUrl, health, lastError }) => {
        return { url: scrapeUrl, health, lastError }
      })
    },
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

interface Answer {
  status: string
  error?: string
  data: {
    result?: { metric: Record<string, string>; value: [number, string] }[]
    activeTargets?: { scrapeUrl: string; health: string; lastError: string }[]
  }
}

async function untilReady(url: string, child: ChildProcess, output: () => string): Promise<void> {
  for (let tries = 0; tries < 150; tries++) {
    if (child.exitCode !== null) throw new Error(`Prometheus ended: ${output()}`)
    const response = await fetch(url).catch(() => undefined)
    await response?.body?.cancel()
    if (response?.ok) return
    await sleep(100)
  }
  child.kill('SIGKILL')
  throw new Error(`Prometheus did not start within 15 s: ${output()}`)
}
