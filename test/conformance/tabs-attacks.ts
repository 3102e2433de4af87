// Attacks on the link of tabs, by whoever has an address, a key or a tab: each is refused by name, the
// server goes on, and nothing of another's answer is seen.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { HostName } from '../support/hosts.ts'
import { answering, RawTab } from '../support/raw-tab.ts'
import { type ApiErrorBody, expectError } from '../support/refusal.ts'
import { type Server, useServer } from '../support/server.ts'
import { keys, sceneAt, type TabScene } from '../support/tab-scene.ts'
import { answersOfTabs } from './tabs-attacks-answers.ts'
import { keysOfTabs } from './tabs-attacks-keys.ts'
import { messagesOfTabs } from './tabs-attacks-messages.ts'
import { oldPairings, pairingAttacks } from './tabs-attacks-pairings.ts'

/** What a tab that is not attacked answers, and what nobody else may see. */
export const SECRET = 'the-answer-for-ann-alone'

/** The model of that tab. */
const VICTIM = 'victim'

/** What an attack may use, and what must hold after it. */
export interface Attacked extends TabScene {
  server: Server
  /** The tab of another. */
  victim: RawTab
  /** Expects a refusal that names what is wrong and what to do, and tells nothing. */
  expectRefusal(response: Response, status: number, code?: string): Promise<ApiErrorBody>
}

/** Declares every attack against one server of a host. */
export function tabsAttacks(host: HostName): void {
  const flags = host === 'workerd' ? ['--tabs'] : []
  const server = useServer(host, flags, { SLUICE_KEYS: JSON.stringify(keys) })
  let victim: RawTab

  beforeAll(async () => {
    victim = await RawTab.join({
      url: server.url,
      key: 'phone',
      models: [{ id: VICTIM, state: 'loaded' }],
      onEvent: answering([SECRET]),
    })
  })
  afterAll(() => victim?.leave())

  /** Read inside tests only. */
  const attacked = (): Attacked => ({
    ...sceneAt(server.url),
    server,
    victim,
    expectRefusal,
  })

  describe('by keys', () => keysOfTabs(attacked))
  describe('by pairings', () => pairingAttacks(attacked))
  // Its clock is the only one that can be moved alone.
  if (host === 'node') describe('by old pairings', () => oldPairings(host, { expectRefusal }))
  describe('by messages', () => messagesOfTabs(host, attacked))
  describe('by answers', () => answersOfTabs(attacked))

  it('leave the other tab as it was', { tags: ['judges-others'] }, async () => {
    const { ask, get } = attacked()
    const response = await ask({ model: VICTIM })
    expect(await response.json()).toMatchObject({ choices: [{ message: { content: SECRET } }] })
    const { data } = await get('/v1/tabs', 'root')
    expect(data).toMatchObject([{ id: victim.id, name: 'phone', running: 0 }])
    expect(victim.events.filter(({ kind }) => kind === 'stop')).toEqual([])
    const told = server.stdout() + server.stderr()
    expect(told).not.toMatch(/internal_error|unhandled|TypeError/)
    expect(told).not.toContain(SECRET)
  })
}

/** `name: expected …, got …; what to do.` */
const SAYS_WHAT_TO_DO = /^[\w./-]+: (?:expected|no engine) .+[;.] .+\.$/s

async function expectRefusal(response: Response, status: number, code?: string) {
  const error = await expectError(response, status)
  if (code !== undefined) expect(error.code).toBe(code)
  expect(error.message).toMatch(SAYS_WHAT_TO_DO)
  expect(JSON.stringify(error)).not.toContain(SECRET)
  return error
}
