/** Other programs to compare with: proxies that only move bytes, and gateways to language models. */
import { join } from 'node:path'
import { binaryOf, root } from '../../scripts/hosts.mjs'
import { type Candidate, type Slot, upstreamUrl } from '../candidate.ts'
import { writeHaproxy, writeLlamaSwap, writeNginx, writeOlla } from './configurations.ts'
import {
  findProgram,
  installNpmPeers,
  installProgram,
  type ProgramName,
  peerPath,
} from './install.ts'

type Peer = Omit<Candidate, 'command'>

/** A program of the system. `args` writes its configuration and returns its arguments. */
function program(peer: Peer & { name: ProgramName }, args: (slot: Slot) => string[]): Candidate {
  return {
    unavailable: () => installProgram(peer.name),
    command: (slot) => ({
      file: findProgram(peer.name) ?? '',
      args: args(slot),
      // Some write logs into the folder that they are started in.
      cwd: slot.folder,
    }),
    ...peer,
  }
}

/** A program for Node with packages of npm. */
function nodeProgram(
  peer: Peer,
  args: (slot: Slot) => string[],
  env?: Record<string, string>,
): Candidate {
  return {
    unavailable: installNpmPeers,
    command: (slot) => ({ file: binaryOf('node'), args: args(slot), ...(env && { env }) }),
    ...peer,
  }
}

/** In the order in which they take turns. */
export const byteProxies: Candidate[] = [
  program(
    { name: 'nginx', what: '`proxy_buffering off`, one worker, upstream connections kept' },
    ({ folder, port, upstreamPort }) => [
      ...['-c', writeNginx(folder, port, upstreamPort)],
      ...['-p', folder, '-e', join(folder, 'error.log')],
    ],
  ),
  program(
    {
      name: 'haproxy',
      what: '`http-no-delay`, `abortonclose`, one thread, upstream connections kept',
    },
    ({ folder, port, upstreamPort }) => ['-db', '-f', writeHaproxy(folder, port, upstreamPort)],
  ),
]

/** In the order in which they take turns. */
export const gateways: Candidate[] = [
  program(
    { name: 'llama-swap', what: 'llama-swap (Go) in front of one peer, with its defaults' },
    (slot) => [
      ...['-config', writeLlamaSwap(slot.folder, upstreamUrl(slot))],
      ...['-listen', `127.0.0.1:${slot.port}`],
    ],
  ),
  program(
    {
      name: 'olla',
      what: 'Olla (Go) in front of one server, with its defaults; not stock: rate limits off',
      basePath: '/olla/openai',
    },
    (slot) => ['-c', writeOlla(slot.folder, slot.port, upstreamUrl(slot))],
  ),
  nodeProgram(
    {
      name: 'portkey',
      what: 'Portkey gateway 1.15.2 on Node; not stock: hono held at 4.9.7, @hono/node-server at 1.13.8',
      headers: (slot) => ({
        authorization: 'Bearer none',
        'x-portkey-provider': 'openai',
        'x-portkey-custom-host': `${upstreamUrl(slot)}/v1`,
      }),
    },
    (slot) => [
      peerPath('node_modules/@portkey-ai/gateway/build/start-server.js'),
      `--port=${slot.port}`,
      '--headless',
    ],
    { NODE_ENV: 'production', TRUSTED_CUSTOM_HOSTS: '127.0.0.1,localhost' },
  ),
  nodeProgram({ name: 'hono', what: "Hono 4.9.7's proxy helper on Node" }, (slot) => [
    join(root, 'bench/candidates/hono.ts'),
    ...[String(slot.port), upstreamUrl(slot), peerPath('package.json')],
  ]),
]
