import { expect, it } from 'vitest'
import { readPairs } from '../../../src/settings/names.ts'
import { parseSettings } from '../../../src/settings/settings.ts'
import { HOSTILE_TEXTS, UNUSUAL_NAMES } from '../../support/hostile.ts'
import { refusal, refusalOfEnv } from './refusal.ts'

it('takes every name that a model can have, and spaces around it', () => {
  for (const name of UNUSUAL_NAMES.filter((each) => each !== '__proto__')) {
    const { alias } = parseSettings({ alias: { [name]: 'm' } })
    expect(alias).toEqual({ [name]: 'm' })
  }
  expect(readPairs([' a = b=c ', 'd=e'], 'alias')).toEqual({ a: 'b=c', d: 'e' })
})

it.each(Object.entries(HOSTILE_TEXTS))('refuses names with %s', (_, text) => {
  expect(refusal({ alias: { [text]: 'm' } })).toMatch(/^alias/)
  expect(refusal({ alias: { m: text } })).toMatch(/^alias\.m: expected the name of a model/)
})

it('refuses a name that no object can hold, instead of losing it', () => {
  const env = { SLUICE_ALIAS: '__proto__=m' }
  expect(refusalOfEnv(env)).toContain('expected another name, got "__proto__"')
})

it('has a pair for each item only', () => {
  for (const alias of ['a', 'a=', '=b', ' = ']) expect(refusal({ alias })).toMatch(/^alias/)
})
