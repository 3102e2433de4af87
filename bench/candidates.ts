/** What is measured: sluice on its hosts, what each host does by itself, and the peers. */
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { binaryOf, hostCommand, hosts, type Runtime, root } from '../scripts/hosts.mjs'
import { writeHaproxy, writeNginx } from './candidates/byte-proxies.ts'
import { type workers, writeWorker } from './candidates/workerd.ts'
import { findDebianPeer, installDebianPeer, installNpmPeers, peerPath } from './peers.ts'
import type { Command } from './process.ts'

/** Where a candidate listens, what it stands in front of, and a folder for its files. */
export interface Slot {
  port: number
  upstreamPort: number
  folder: string
}

export interface Candidate {
  name: string
  /** One line for the report. */
  what: string
  /** The candidate that shows what the same runtime does by itself. */
  yardstick?: string
  /** The same for what is done to every chunk, where that is another one. */
  chunkYardstick?: string
  /** The candidate that it is compared with round by round, where both are measured. */
  rival?: string
  /** Its bytes are not the upstream's: in a flood each token has to be found. */
  reencodes?: boolean
  /** What its clients have to send besides. */
  headers?: (place: Slot) => Record<string, string>
  /** Makes sure that it can run; returns why not, if it can't. */
  lacks?: () => string | undefined
  /** None: the upstream itself. */
  command?: (place: Slot) => Command
}

const url = ({ upstreamPort }: Slot) => `http://127.0.0.1:${upstreamPort}`
const program = (name: string) => join(root, 'bench/candidates', name)

const direct: Candidate = { name: 'direct', what: 'the upstream itself, nothing between' }

const nginx: Candidate = {
  name: 'nginx',
  what: '`proxy_buffering off`, one worker, upstream connections kept',
  lacks: () => installDebianPeer('nginx'),
  command: (place) => ({
    file: findDebianPeer('nginx') ?? '',
    args: [
      ...['-c', writeNginx(place.folder, place.port, place.upstreamPort)],
      ...['-p', place.folder, '-e', join(place.folder, 'error.log')],
    ],
  }),
}

const haproxy: Candidate = {
  name: 'haproxy',
  what: '`http-no-delay`, `abortonclose`, one thread, upstream connections kept',
  lacks: () => installDebianPeer('haproxy'),
  command: (place) => ({
    file: findDebianPeer('haproxy') ?? '',
    args: ['-db', '-f', writeHaproxy(place.folder, place.port, place.upstreamPort)],
  }),
}

function raw(runtime: 'bun' | 'deno' | 'node', args: string[] = []): Candidate {
  return {
    name: `${runtime}-fetch`,
    what: `\`return fetch()\` on ${runtime === 'node' ? 'Node (srvx)' : capital(runtime)}`,
    command: (place) => ({
      file: binaryOf(runtime),
      args: [...args, program(`raw-${runtime}.ts`), String(place.port), url(place)],
      env: hosts[runtime].env,
      cwd: root,
    }),
  }
}

function workerd(name: keyof typeof workers, what: string): Candidate {
  return {
    name: name === 'pass' ? 'workerd-pass' : 'workerd-fetch',
    what,
    command: (place) => ({
      file: binaryOf('workerd'),
      args: ['serve', writeWorker(place.folder, name, place.port, url(place))],
    }),
  }
}

const portkey: Candidate = {
  name: 'portkey',
  what: 'Portkey gateway 1.15.2 on Node; not stock: hono held at 4.9.7, @hono/node-server at 1.13.8',
  lacks: installNpmPeers,
  headers: (place) => ({
    authorization: 'Bearer none',
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `${url(place)}/v1`,
  }),
  command: (place) => ({
    file: binaryOf('node'),
    args: [
      peerPath('node_modules/@portkey-ai/gateway/build/start-server.js'),
      `--port=${place.port}`,
      '--headless',
    ],
    env: { NODE_ENV: 'production', TRUSTED_CUSTOM_HOSTS: '127.0.0.1,localhost' },
  }),
}

const hono: Candidate = {
  name: 'hono',
  what: "Hono 4.9.7's proxy helper on Node",
  lacks: installNpmPeers,
  command: (place) => ({
    file: binaryOf('node'),
    args: [program('hono.ts'), String(place.port), url(place), peerPath('package.json')],
  }),
}

const aiSdk: Candidate = {
  name: 'ai-sdk',
  what: 'the `ai` SDK reads the stream and encodes it anew, on Node (srvx)',
  reencodes: true,
  command: (place) => ({
    file: binaryOf('node'),
    args: [program('ai-sdk.ts'), String(place.port), url(place)],
    env: { AI_SDK_LOG_WARNINGS: 'false' },
  }),
}

function sluice(runtime: Runtime): Candidate {
  return {
    name: `sluice-${runtime}`,
    what: `sluice on ${capital(runtime)}, as \`npm start\` runs it`,
    yardstick: `${runtime}-fetch`,
    ...(runtime === 'workerd' && { chunkYardstick: 'workerd-pass' }),
    command: (place) =>
      hostCommand(runtime, ['--port', String(place.port), '--upstream', url(place)]),
  }
}

/** Hosts on which sluice asks its upstreams by its own HTTP/1.1 client. */
type OwnClient = 'bun' | 'deno' | 'node'

function nativeFetch(runtime: OwnClient): Candidate {
  return {
    ...sluice(runtime),
    name: `native-${runtime}`,
    what: `sluice on ${capital(runtime)}, its upstreams asked by ${capital(runtime)}'s own \`fetch\``,
    rival: `sluice-${runtime}`,
    command: (place) =>
      hostCommand(
        runtime,
        ['--port', String(place.port), '--upstream', url(place)],
        `bench/candidates/native-${runtime}.ts`,
      ),
  }
}

function capital(word: string): string {
  return word === 'workerd' ? word : word.charAt(0).toUpperCase() + word.slice(1)
}

/** The sluice of another checkout beside the one of this: `other-bun` beside `sluice-bun`. */
export async function addCheckout(folder: string): Promise<void> {
  const path = pathToFileURL(join(resolve(folder), 'scripts/hosts.mjs')).href
  const other = (await import(path)) as typeof import('../scripts/hosts.mjs')
  const runtimes = Object.keys(other.hosts) as Runtime[]
  for (const runtime of runtimes) {
    const at = candidates.findIndex(({ name }) => name === `sluice-${runtime}`)
    candidates.splice(at + 1, 0, {
      ...sluice(runtime),
      name: `other-${runtime}`,
      what: `the same, from ${folder}`,
      rival: `sluice-${runtime}`,
      command: (place) =>
        other.hostCommand(runtime, ['--port', String(place.port), '--upstream', url(place)]),
    })
  }
}

/** In the order in which they take turns. */
export const candidates: Candidate[] = [
  direct,
  nginx,
  haproxy,
  raw('bun'),
  sluice('bun'),
  nativeFetch('bun'),
  raw('deno', ['run', '--no-prompt', '--no-lock', '--unstable-no-legacy-abort', '--allow-net']),
  sluice('deno'),
  nativeFetch('deno'),
  raw('node'),
  sluice('node'),
  nativeFetch('node'),
  workerd('untouched', '`return fetch()` on workerd'),
  workerd('pass', 'the least on workerd that lets JavaScript see every chunk'),
  sluice('workerd'),
  portkey,
  hono,
  aiSdk,
]
