// Many clients of one key at several instances, against its limits: what came through, and at most could have.

import { setTimeout as sleep } from 'node:timers/promises'
import type { KeyInput } from '../../src/settings/settings.ts'
import { bearer, entry } from '../conformance/keys-entries.ts'
import type { ProcessHost } from '../support/hosts.ts'
import { type Instances, startInstances } from '../support/instances.ts'
import { postChat } from '../support/read.ts'
import type { Script } from '../support/script.ts'
import { talk } from '../support/talk.ts'

export interface Pressed {
  /** Requests that the engine got. */
  admitted: number
  refused: number
  /** Answers that were neither. */
  other: Record<string, number>
  /** The most that ran at the engine at once. */
  most: number
  /** Tokens that the engine counted, of prompts and answers. */
  tokens: number
  /** Requests that were decided on without Redis, as it had not answered in time. */
  alone: number
  /** Seconds for which it went on. */
  seconds: number
}

/** The tokens of each answer's usage: what a request reserves is no less. */
export const TOKENS = 20

/** Keys with one limit each, and one for whoever looks. */
function keysWith(limits: Partial<KeyInput>): KeyInput[] {
  return [entry('admin', 'admin-key', { admin: true }), entry('few', 'few-key', limits)]
}

export function start(limits: Partial<KeyInput>, host: ProcessHost = 'bun'): Promise<Instances> {
  return startInstances({ host, keys: keysWith(limits) })
}

/** So many clients ask again and again, each at the instances in turn, for so many seconds. */
export async function press(
  instances: Instances,
  seconds: number,
  { clients = 64, holdMs = 0 } = {},
): Promise<Pressed> {
  const { upstream } = instances
  const before = upstream.requests.length
  const pressed: Pressed = {
    admitted: 0,
    refused: 0,
    other: {},
    most: 0,
    tokens: 0,
    alone: 0,
    seconds,
  }
  const began = performance.now()
  const end = began + seconds * 1_000
  const watching = watch(instances, pressed, end)
  const client = async (index: number) => {
    for (let turn = index; performance.now() < end; turn++) {
      const server = instances.at(turn)
      const status = await ask(server.base, holdMs).catch(() => 'broken')
      if (status === 200) continue
      if (status === 429) pressed.refused++
      else pressed.other[status] = (pressed.other[status] ?? 0) + 1
      // Not as fast as it can: the machine is to be busy with what comes through.
      await sleep(150 + Math.random() * 200)
    }
  }
  await Promise.all(Array.from({ length: clients }, (_, index) => client(index)))
  await watching
  pressed.alone = await decidedAlone(instances)
  pressed.admitted = upstream.requests
    .slice(before)
    .filter(({ method }) => method === 'POST').length
  pressed.tokens = pressed.admitted * TOKENS
  pressed.seconds = (performance.now() - began) / 1_000
  return pressed
}

/** On a machine that is busy enough, calls miss their deadline of 100 ms. */
async function decidedAlone({ each }: Instances): Promise<number> {
  const texts = await Promise.all(
    each.map(async ({ url }) => (await fetch(`${url}/metrics`, bearer('admin-key'))).text()),
  )
  const counts = texts.flatMap((text) => [
    ...text.matchAll(/^sluice_state_fallbacks_total\{[^}]*\} (\d+)/gm),
  ])
  return counts.reduce((sum, [, count]) => sum + Number(count), 0)
}

async function ask(base: string, holdMs: number): Promise<number> {
  const usage = { prompt_tokens: 5, completion_tokens: TOKENS - 5, total_tokens: TOKENS }
  const envelope = { id: 'a', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [] }
  const held = holdMs > 0 ? [{ wait: holdMs }] : []
  const script: Script = talk('Hi.', ...held)
  script.steps.splice(-1, 1, { send: lastFrames(envelope, usage) })
  const body = { script, max_tokens: TOKENS - 5 }
  const answer = await postChat(base, body, bearer('few-key'))
  await answer.text()
  return answer.status
}

function lastFrames(envelope: object, usage: object): string {
  const choices = [{ index: 0, delta: {}, finish_reason: 'stop' }]
  const frames = [
    { ...envelope, choices },
    { ...envelope, usage },
  ]
  return `${frames.map((each) => `data: ${JSON.stringify(each)}\n\n`).join('')}data: [DONE]\n\n`
}

/** What runs at the engine, looked at each few milliseconds. */
async function watch({ upstream }: Instances, pressed: Pressed, end: number): Promise<void> {
  const before = upstream.requests.length
  while (performance.now() < end) {
    const running = upstream.requests
      .slice(before)
      .filter((each) => !each.finished && each.hungUpAt === undefined && each.method === 'POST')
    pressed.most = Math.max(pressed.most, running.length)
    await sleep(5)
  }
}

/** The most that a bucket of so many a minute lets through in so many seconds, full at the beginning. */
export function bucket(perMinute: number, seconds: number): number {
  return perMinute + (perMinute * seconds) / 60
}
