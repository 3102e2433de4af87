/** The candidates: sluice on its hosts, the minimum on each host, and other proxies. */
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { binaryOf, hostCommand, hosts, type Runtime, root } from '../scripts/hosts.mjs'
import { type Candidate, upstreamUrl } from './candidate.ts'
import { type workers, writeWorker } from './candidates/workerd.ts'
import { commitOf } from './machine.ts'
import { byteProxies, gateways } from './peers/peers.ts'

const program = (name: string) => join(root, 'bench/candidates', name)

const direct: Candidate = { name: 'direct', what: 'the upstream itself, without a proxy' }

function raw(runtime: 'bun' | 'deno' | 'node', args: string[] = []): Candidate {
  return {
    name: `${runtime}-fetch`,
    what: `\`return fetch()\` on ${runtime === 'node' ? 'Node (srvx)' : capital(runtime)}`,
    command: (slot) => ({
      file: binaryOf(runtime),
      args: [...args, program(`raw-${runtime}.ts`), String(slot.port), upstreamUrl(slot)],
      env: hosts[runtime].env,
      cwd: root,
    }),
  }
}

function workerd(name: keyof typeof workers, what: string): Candidate {
  return {
    name: name === 'pass' ? 'workerd-pass' : 'workerd-fetch',
    what,
    command: (slot) => ({
      file: binaryOf('workerd'),
      args: ['serve', writeWorker(slot.folder, name, slot.port, upstreamUrl(slot))],
    }),
  }
}

const aiSdk: Candidate = {
  name: 'ai-sdk',
  what: 'the `ai` SDK decodes the stream and encodes it again, on Node (srvx)',
  reencodes: true,
  command: (slot) => ({
    file: binaryOf('node'),
    args: [program('ai-sdk.ts'), String(slot.port), upstreamUrl(slot)],
    env: { AI_SDK_LOG_WARNINGS: 'false' },
  }),
}

function sluice(runtime: Runtime): Candidate {
  return {
    name: `sluice-${runtime}`,
    what: `sluice on ${capital(runtime)}, as \`npm start\` runs it`,
    yardstick: `${runtime}-fetch`,
    checkout: root,
    ...(runtime === 'workerd' && { chunkYardstick: 'workerd-pass' }),
    command: (slot) =>
      hostCommand(runtime, ['--port', String(slot.port), '--upstream', upstreamUrl(slot)]),
  }
}

/** Hosts on which sluice sends requests to upstreams with its own HTTP/1.1 client. */
type OwnClient = 'bun' | 'deno' | 'node'

function nativeFetch(runtime: OwnClient): Candidate {
  return {
    ...sluice(runtime),
    name: `native-${runtime}`,
    what: `sluice on ${capital(runtime)}, with ${capital(runtime)}'s own \`fetch\` for upstreams`,
    rival: `sluice-${runtime}`,
    checkout: undefined,
    command: (slot) =>
      hostCommand(
        runtime,
        ['--port', String(slot.port), '--upstream', upstreamUrl(slot)],
        `bench/candidates/native-${runtime}.ts`,
      ),
  }
}

/** The same without metrics and the activity feed, whose cost is the difference. */
function quiet(runtime: Runtime): Candidate {
  return {
    ...sluice(runtime),
    name: `quiet-${runtime}`,
    what: `sluice on ${capital(runtime)}, with \`--no-metrics --activity 0\``,
    rival: `sluice-${runtime}`,
    checkout: undefined,
    command: (slot) =>
      hostCommand(runtime, [
        ...['--port', String(slot.port), '--upstream', upstreamUrl(slot)],
        ...['--no-metrics', '--activity', '0'],
      ]),
  }
}

function capital(word: string): string {
  return word === 'workerd' ? word : word.charAt(0).toUpperCase() + word.slice(1)
}

/** Adds the sluice of another checkout: `other-bun` after `sluice-bun`, and so on. */
export async function addCheckout(folder: string): Promise<void> {
  const path = pathToFileURL(join(resolve(folder), 'scripts/hosts.mjs')).href
  const other = (await import(path)) as typeof import('../scripts/hosts.mjs')
  const runtimes = Object.keys(other.hosts) as Runtime[]
  const commit = commitOf(folder)
  for (const runtime of runtimes) {
    const at = candidates.findIndex(({ name }) => name === `sluice-${runtime}`)
    candidates.splice(at + 1, 0, {
      ...sluice(runtime),
      name: `other-${runtime}`,
      what: `the same at ${commit}`,
      rival: `sluice-${runtime}`,
      checkout: resolve(folder),
      commit,
      command: (slot) =>
        other.hostCommand(runtime, ['--port', String(slot.port), '--upstream', upstreamUrl(slot)]),
    })
  }
}

/** In the order in which they take turns. */
export const candidates: Candidate[] = [
  direct,
  ...byteProxies,
  raw('bun'),
  sluice('bun'),
  quiet('bun'),
  nativeFetch('bun'),
  raw('deno', ['run', '--no-prompt', '--no-lock', '--unstable-no-legacy-abort', '--allow-net']),
  sluice('deno'),
  quiet('deno'),
  nativeFetch('deno'),
  raw('node'),
  sluice('node'),
  quiet('node'),
  nativeFetch('node'),
  workerd('untouched', '`return fetch()` on workerd'),
  workerd('pass', 'the least on workerd that lets JavaScript see every chunk'),
  sluice('workerd'),
  quiet('workerd'),
  ...gateways,
  aiSdk,
]
