/** Pairs browsers with the server, and lists those that are connected. */
import { signal } from '@preact/signals'
import { authorization, root } from '../api.ts'
import { offer, offerKey } from './choice.ts'

/** A pairing that is open. */
export interface Pairing {
  name: string
  secret: string
  /** For people to type. */
  code: string
  /** Unix time in seconds. */
  expires_at: number
}

/** A tab that is connected, as the server tells admins. */
export interface ConnectedTab {
  id: string
  name: string
  key: string
  created_at: number
  running: number
  served: number
  models: { id: string; state: string }[]
  gpu?: string
  visible: boolean
  charging?: boolean
  paused: boolean
}

/** What came of an offer. */
export type Redeeming =
  | { state: 'none' }
  | { state: 'busy' }
  | { state: 'done'; name: string; saved: boolean }
  | { state: 'failed'; message: string }

export const redeeming = signal<Redeeming>({ state: 'none' })

/** Trades a code, or the offer of a link, for the key that offers. */
export async function redeem(text: string): Promise<void> {
  redeeming.value = { state: 'busy' }
  try {
    const { key, name, saved } = await ask<{ key: string; name: string; saved: boolean }>(
      'POST',
      'pairings/redeem',
      { offer: text.trim() },
      {},
    )
    offerKey.value = key
    redeeming.value = { state: 'done', name, saved }
  } catch (error) {
    redeeming.value = { state: 'failed', message: (error as Error).message }
  }
}

/** Redeems the offer of the link that was opened, once. */
export function redeemLink(): void {
  const text = offer.value
  if (text === '') return
  offer.value = ''
  void redeem(text)
}

/** Opens a pairing for another device. Rejects with what the server says. */
export function openPairing(name: string, shared: boolean): Promise<Pairing> {
  return ask('POST', 'pairings', { name, ...(shared && { shared }) })
}

/** Pairs this browser itself, for an admin who uses it. Rejects with what the server says. */
export async function pairSelf(): Promise<void> {
  const random = crypto.getRandomValues(new Uint16Array(1))[0] ?? 0
  const { secret } = await openPairing(`browser-${random.toString(36)}`, false)
  await redeem(secret)
}

/** Rejects with what the server says. */
export async function listTabs(): Promise<ConnectedTab[]> {
  return (await ask<{ data: ConnectedTab[] }>('GET', 'tabs')).data
}

/** Rejects with what the server says. */
export async function disconnect(id: string): Promise<void> {
  await ask('DELETE', `tabs/${id}`)
}

/** For whoever has typed a code or opened a link; what the server says is for programs. */
const NOT_OPEN =
  'This code or link is not valid. Each works once, within 10 minutes, and not after several wrong tries. Ask for a new one.'

async function ask<T>(
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = authorization(),
): Promise<T> {
  const response = await fetch(`${root}/${path}`, {
    method,
    cache: 'no-store',
    headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  }).catch(() => undefined)
  if (response === undefined) {
    throw new Error('The server does not answer. Check that it runs, and try again.')
  }
  const answer: unknown = await response.json().catch(() => undefined)
  if (response.ok && typeof answer === 'object' && answer !== null) return answer as T
  const { error } = (answer ?? {}) as { error?: { message?: string; code?: string } }
  if (error?.code === 'pairing_unknown') throw new Error(NOT_OPEN)
  const said = error?.message ?? `The server answered with status ${response.status}.`
  throw new Error(said)
}
