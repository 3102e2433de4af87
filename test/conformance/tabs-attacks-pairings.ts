import { expect, it } from 'vitest'
import type { HostName } from '../support/hosts.ts'
import { movedClock } from '../support/moved-clock.ts'
import { answering } from '../support/raw-tab.ts'
import { startServer } from '../support/server.ts'
import { keys, type Said, sceneAt } from '../support/tab-scene.ts'
import type { Attacked } from './tabs-attacks.ts'

/** Secrets and codes of pairings that are wrong, were used, or were stolen. */
export function pairingAttacks(attacked: () => Attacked): void {
  const opened = async (name: string, more: object = {}): Promise<Said> =>
    (await attacked().post('/v1/pairings', { name, ...more })).json()
  const redeem = (offer: unknown) => attacked().post('/v1/pairings/redeem', { offer }, '')
  const remove = (name: string) =>
    attacked().send(`${attacked().url}/v1/pairings/${name}`, {
      method: 'DELETE',
      headers: { authorization: 'Bearer root' },
    })

  /** Who has an unknown offer is told the same whatever it was, and gets no key. */
  async function expectUnknown(response: Response): Promise<void> {
    const { param, message } = await attacked().expectRefusal(response, 403, 'pairing_unknown')
    expect(param).toBe('offer')
    expect(message).toContain('"sluice pair NAME"')
  }

  it.each([
    ['no key', '', 401, 'missing_api_key'],
    ['a key that asks', 'ann', 403, 'admin_required'],
    ['a key that offers', 'phone', 403, 'offer_key'],
  ])('are not opened with %s', async (_, key, status, code) => {
    const { post, expectRefusal } = attacked()
    await expectRefusal(await post('/v1/pairings', { name: 'mine' }, key), status, code)
  })

  it.each<[string, unknown]>([
    ['a secret that nobody was given', 'A'.repeat(43)],
    ['a text that is none', ''],
    ['a text of other characters', '\u0000\u202e🦙'],
    ['the name of a field of every object', '__proto__'],
  ])('are not redeemed by %s', async (_, offer) => {
    await opened('wrong')
    await expectUnknown(await redeem(offer))
  })

  it.each<[string, unknown, number, string]>([
    ['a number', 7, 400, 'invalid_value'],
    ['a list', [['A'.repeat(43)]], 400, 'invalid_value'],
    ['nothing', undefined, 400, 'invalid_value'],
    ['a text that is too long', 'a'.repeat(2_000), 413, 'request_too_large'],
  ])('are not redeemed by %s', async (_, offer, status, code) => {
    await attacked().expectRefusal(await redeem(offer), status, code)
  })

  it('are good once, for one of many who come at the same time', async () => {
    const { secret, code } = await opened('race')
    const answers = await Promise.all([secret, code, secret, code, secret].map(redeem))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 403, 403, 403, 403])
    for (const answer of answers) if (!answer.ok) await expectUnknown(answer)
    await expectUnknown(await redeem(secret))
    await expectUnknown(await redeem(code))
    expect((await remove('race')).status).toBe(200)
  })

  it('are void once there is another one of their name', async () => {
    const former = await opened('twice')
    const latter = await opened('twice')
    await expectUnknown(await redeem(former.secret))
    await expectUnknown(await redeem(former.code))
    expect((await redeem(latter.secret)).status).toBe(200)
    expect((await remove('twice')).status).toBe(200)
  })

  it('have no codes any more after five wrong ones, and keep their links', async () => {
    const { secret, code } = await opened('guessed')
    for (let n = 0; n < 5; n++) await expectUnknown(await redeem(`2222-222${n + 2}`))
    await expectUnknown(await redeem(code))
    expect((await redeem(secret)).status).toBe(200)
    expect((await remove('guessed')).status).toBe(200)
  })

  it('that were stolen give a key that offers, until it is revoked', async () => {
    const { join, ask, get, expectRefusal } = attacked()
    const { secret } = await opened('stolen', { owner: 'ann' })
    const { key } = (await (await redeem(secret)).json()) as { key: string }
    // Its owner sees that somebody was there before.
    await expectUnknown(await redeem(secret))
    const thief = await join({ key, onEvent: answering(['a lie']) })
    // A key that this worker does not know and its object does may not ask either.
    expect([401, 403]).toContain((await ask({ model: 'victim' }, key)).status)
    expect(JSON.stringify(await get('/v1/models', key))).not.toContain('victim')
    // It gets what its owner asks of it, and that alone.
    expect(await (await ask()).text()).toContain('a lie')
    await expectRefusal(await ask({}, 'bob'), 404)
    const asked = thief.events.filter(({ kind }) => kind === 'ask')
    expect(asked.map((event) => event.for)).toEqual(['ann'])
    expect((await remove('stolen')).status).toBe(200)
    await expect.poll(() => thief.isOver, { timeout: 4_000 }).toBe(true)
    expect(thief.events.at(-1)).toMatchObject({
      kind: 'stop',
      reason: expect.stringMatching(/key/),
    })
    await expectRefusal((await join({ key })).response, 401, 'invalid_api_key')
  })
}

/** Pairings whose ten minutes are over, by a clock of the host that the test moves. */
export function oldPairings(host: HostName, { expectRefusal }: Pick<Attacked, 'expectRefusal'>) {
  it('are redeemed at the end of their ten minutes, and not after it', async ({ skip }) => {
    using clock = movedClock()
    // It needs a compiler.
    if (clock === undefined) return skip()
    const env = { ...clock.env, SLUICE_KEYS: JSON.stringify(keys) }
    await using server = await startServer(host, [], env)
    const { post } = sceneAt(server.url)
    const opened = async (name: string): Promise<Said> =>
      (await post('/v1/pairings', { name })).json()
    const redeem = (offer: string) => post('/v1/pairings/redeem', { offer }, '')
    const [early, late] = [await opened('early'), await opened('late')]
    clock.moveTo(590_000)
    expect((await redeem(early.code)).status).toBe(200)
    clock.moveTo(601_000)
    await expectRefusal(await redeem(late.secret), 403, 'pairing_unknown')
    await expectRefusal(await redeem(late.code), 403, 'pairing_unknown')
    expect((await post('/v1/pairings', { name: 'late' })).status).toBe(200)
  })
}
