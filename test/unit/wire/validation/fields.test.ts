import { expect, it } from 'vitest'
import * as z from 'zod/mini'
import { fieldChecker } from '../../../../src/wire/validation/fields.ts'

it('makes the schema of a field once, when the field first comes', () => {
  const made: string[] = []
  const making = (name: string) => () => {
    made.push(name)
    return z.string()
  }
  const check = fieldChecker({ needed: making('needed'), rare: making('rare') }, 'needed')
  expect(made).toEqual([])
  check({ needed: 'a' })
  check({ needed: 'b', other: 1 })
  expect(made).toEqual(['needed'])
  check({ needed: 'c', rare: 'd' })
  check({ needed: 'e', rare: 'f' })
  expect(made).toEqual(['needed', 'rare'])
  expect(() => check({ needed: 'g', rare: 1 })).toThrow('rare: ')
  expect(() => check({})).toThrow('needed: ')
})
