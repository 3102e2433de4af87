import { expect, it } from 'vitest'
import { parseSettings, type SettingsInput } from '../../../src/settings/settings.ts'

it.each([
  ['', '""'],
  [' ', '" "'],
  [' -', '" -"'],
  ['a\nb', '"a\\nb"'],
  ['x'.repeat(500), `"${'x'.repeat(59)}…"`],
  ['querry', 'querry'],
])('an unknown name is shown so that it can be told: %j', (name, shown) => {
  const read = () => parseSettings({ [name]: 1 } as SettingsInput)
  expect(read).toThrow(`${shown}: there is no such setting. `)
})
