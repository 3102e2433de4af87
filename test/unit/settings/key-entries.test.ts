import { afterEach, describe, expect, it, vi } from 'vitest'
import { createApiKeys, hashKey } from '../../../src/guard/keys.ts'
import { parseSettings } from '../../../src/settings/settings.ts'
import { refusal } from './refusal.ts'

const hash = `sha256:${'0'.repeat(64)}`
const expiring = (expires: string | number) => ({ keys: [{ name: 'a', hash, expires }] })

describe('the moment at which a key expires', () => {
  it.each<[string | number, number]>([
    ['2027-01-31', Date.UTC(2027, 0, 31)],
    ['2028-02-29', Date.UTC(2028, 1, 29)],
    ['2027-01-31T12:00:00Z', Date.UTC(2027, 0, 31, 12)],
    ['2027-01-31T12:00:00+02:00', Date.UTC(2027, 0, 31, 10)],
    [8.64e15, 8.64e15],
    [0, 0],
  ])('may be %s', (expires, moment) => {
    expect(parseSettings(expiring(expires)).keys[0]?.expires).toBe(moment)
  })

  it.each([
    ...['2027-02-31', '2027-02-29', '2027-13-01', '2027-00-10', '2027-01-00', '2027-01-31 soon'],
    ...['31.1.2027', '', 9e15, -9e15, 1e300, -1e300],
  ])('may not be %s', (expires) => {
    expect(refusal(expiring(expires))).toMatch(/^keys\[0\]\.expires: expected a date, such as/)
  })
})

describe('a clock that is set', () => {
  afterEach(() => vi.restoreAllMocks())

  it('decides at each request, forwards and back', async () => {
    const entry = { name: 'a', hash: await hashKey('k'), expires: '2027-01-31' }
    const keys = createApiKeys(parseSettings({ keys: [entry] }).keys)
    const url = new URL('http://localhost/')
    const ask = (now: number) => {
      vi.spyOn(Date, 'now').mockReturnValue(now)
      return keys.find(new Request(url, { headers: { 'x-api-key': 'k' } }), url)
    }
    const end = Date.UTC(2027, 0, 31)
    expect((await ask(end - 1)).name).toBe('a')
    await expect(ask(end)).rejects.toThrow('this key expired on 2027-01-31; ask the operator')
    await expect(ask(end * 2)).rejects.toThrow('this key expired on 2027-01-31')
    expect((await ask(0)).name).toBe('a')
  })
})

describe('a hash that is copied with something around it', () => {
  it.each([`${hash}\n`, ` ${hash}`, `${hash}\r\n`, hash.toUpperCase(), `${hash}0`])(
    'is refused, and not shown: %j',
    (wrong) => {
      const message = refusal({ keys: [{ name: 'a', hash: wrong }] })
      expect(message).toMatch(/^keys\[0\]\.hash: expected "sha256:" and 64 hexadecimal digits/)
      expect(message).not.toContain('0000')
    },
  )
})

it('finds a circle among fallbacks', () => {
  const circle = { a: 'b', b: 'c', c: 'd', d: 'b' }
  expect(refusal({ contextFallback: circle })).toContain('got a circle: a → b → c → d → b; remove')
})

it('refuses a name that objects have in another way', () => {
  for (const setting of ['alias', 'contextFallback']) {
    const names = JSON.parse(`{"${setting}": {"__proto__": "m"}}`)
    expect(refusal(names)).toBe(
      `${setting}.__proto__: expected another name, got "__proto__"; remove it.`,
    )
  }
})
