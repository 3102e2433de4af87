import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { binaryOf, type Runtime, root } from '../../../scripts/hosts.mjs'
import type { Candidate } from '../../candidate.ts'
import type { Bench } from '../../runner.ts'
import { measureStreams } from './streams.ts'

/** Flags with which a runtime runs a program that may collect its garbage. */
const flags: Partial<Record<Runtime, string[]>> = {
  bun: [],
  deno: ['run', '--allow-all', '--no-lock', '--quiet', '--v8-flags=--expose-gc'],
  node: ['--expose-gc'],
}

/** What a sluice costs as things grow: in one process, where it has one, and as a server. */
export async function measureGrowth(
  bench: Bench,
  candidate: Candidate,
): Promise<Record<string, number>> {
  const { checkout, name } = candidate
  if (checkout === undefined) return {}
  const runtime = name.replace(/^\w+-/, '') as Runtime
  const inProcess = flags[runtime] ? await measureInProcess(bench, runtime, checkout) : {}
  return { ...inProcess, ...(await measureStreams(bench, candidate)) }
}

/** Sockets would add nothing but noise there. */
async function measureInProcess(
  { core, scale }: Bench,
  runtime: Runtime,
  checkout: string,
): Promise<Record<string, number>> {
  const pin = core === undefined ? [] : ['taskset', '-c', String(core)]
  const program = ['bench/measure/growth/main.ts', checkout, String(scale)]
  const [file = '', ...args] = [...pin, binaryOf(runtime), ...(flags[runtime] ?? []), ...program]
  const { stdout } = await promisify(execFile)(file, args, { cwd: root })
  return JSON.parse(stdout) as Record<string, number>
}
