import type { Engine } from '../../../../src/engines/engine.ts'
import { CircuitBreaker } from '../../../../src/engines/pool/circuit-breaker.ts'
import type { ConcurrencyLimiter } from '../../../../src/engines/pool/concurrency-limiter.ts'
import { PoolMember } from '../../../../src/engines/pool/member.ts'
import type { Slot } from '../../../../src/engines/pool/slot.ts'

export const never = new AbortController().signal

export function member(label: string, maxConcurrency?: number): PoolMember {
  return new PoolMember({ label, maxConcurrency } as Engine, new CircuitBreaker())
}

/** Requests that wait at this limiter, and those that got a slot, in order. */
export function guests(limiter: ConcurrencyLimiter, members: PoolMember[]) {
  const served: string[] = []
  const held = new Map<string, Slot>()
  const come = async (name: string, signal = never) => {
    const caller = name[0] as string
    const isBackground = name.endsWith('bg')
    const slot = await limiter.acquire({ caller, members, isForced: false, isBackground, signal })
    served.push(name)
    held.set(name, slot)
  }
  const go = (name: string) => held.get(name)?.free()
  return { served, come, go, held }
}

export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve()
}
