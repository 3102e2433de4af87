/** The runtime and the operating system. */
import os from 'node:os'
import type { Check, Observation } from '../finding.ts'
import { shownBytes } from '../shown.ts'

/** The oldest version of each that sluice is run on, and how to get a newer one. */
const OLDEST: Readonly<Record<string, { version: number; name: string; update?: string }>> = {
  bun: { version: 1.2, name: 'Bun', update: 'bun upgrade' },
  deno: { version: 2, name: 'Deno', update: 'deno upgrade' },
  node: { version: 22, name: 'Node' },
}

/** The name that people know: `Bun`. */
export function runtimeName(runtime: string): string {
  const [kind = ''] = runtime.split(' ')
  return OLDEST[kind]?.name ?? kind
}

export const checkRuntime: Check = async ({ context }) => [
  runtimeFound(context.runtime),
  {
    code: 'system',
    level: 'ok',
    text: `${os.type()} ${os.release()} on ${os.arch()}, ${os.cpus().length} cores, ${shownBytes(os.totalmem())} of memory.`,
  },
]

/** `runtime` is `bun 1.4.5`. */
export function runtimeFound(runtime: string): Observation {
  const [kind = '', version = ''] = runtime.split(' ')
  const known = OLDEST[kind]
  const name = known?.name ?? kind
  if (known === undefined || Number.parseFloat(version) >= known.version) {
    return { code: 'runtime', level: 'ok', text: `${name} ${version} is supported.` }
  }
  return {
    code: 'runtime_old',
    level: 'problem',
    text: `${name} ${version} is too old: sluice needs ${known.version} or newer.`,
    remedy: `Install a newer ${name}${known.update ? '.' : ': https://nodejs.org/en/download.'}`,
    ...(known.update && { command: known.update }),
  }
}
