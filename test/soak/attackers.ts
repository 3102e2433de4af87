/** A process of its own: the attackers, at rates that a table bounds, in an order that a seed decides. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Attack, Scene } from './attacks/attack.ts'
import { ATTACKS } from './attacks/table.ts'
import { type AttackCount, onCommand, report, type Start, type Target } from './messages.ts'
import { type Random, seeded } from './random.ts'

/** Milliseconds that one use of an attack may take. */
const LONGEST = 20_000

let start: Start | undefined
let target: Target | undefined
let rate = 1
/** Aborted when the target changes. */
let phase = new AbortController()
const counts: Record<string, AttackCount> = {}
let left: [id: string, at: number][] = []

onCommand((command) => {
  if (command.type === 'attack') {
    target = command.target
    phase.abort()
    phase = new AbortController()
  } else if (command.type === 'rate') {
    rate = command.factor
  } else if (command.type === 'start') {
    start = command
    for (const attack of ATTACKS.filter(({ name }) => command.attacks.includes(name)))
      void repeat(attack, command, seeded(command.seed, attack.name))
  }
})
setInterval(() => {
  report({ type: 'attacks', counts })
  report({ type: 'left', left })
  left = []
}, 500)
report({ type: 'ready' })

async function repeat(attack: Attack, { ports }: Start, random: Random): Promise<never> {
  const count: AttackCount = { sent: 0, statuses: {} }
  counts[attack.name] = count
  let underWay = 0
  for (;;) {
    const mean = 1_000 / attack.perSecond / rate
    await sleep(-Math.log(1 - random.next()) * mean)
    if (target === undefined || underWay >= attack.atOnce) continue
    underWay++
    count.sent++
    const signal = AbortSignal.any([phase.signal, AbortSignal.timeout(LONGEST)])
    attack
      .run(sceneOf(attack.name, ports[target], random, signal))
      .catch(() => tally(count, 'broken'))
      .finally(() => underWay--)
  }
}

function sceneOf(name: string, port: number, random: Random, signal: AbortSignal): Scene {
  return {
    port,
    random,
    signal,
    secret: (key) => start?.secrets[key] ?? '',
    // What this process cut off itself says nothing of the server.
    count: (status) => !signal.aborted && tally(counts[name], String(status)),
    violation: (text) => report({ type: 'violation', attack: name, text }),
    left: (id) => left.push([id, Date.now()]),
  }
}

function tally(count: AttackCount | undefined, status: string): void {
  if (count) count.statuses[status] = (count.statuses[status] ?? 0) + 1
}
