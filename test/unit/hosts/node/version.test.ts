import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { requireNode } from '../../../../src/hosts/node/version.ts'
import { SettingsError } from '../../../../src/settings/settings.ts'

it.each(['22.0.0', '22.23.3', '24.21.0', '100.0.0'])('takes %s', (version) => {
  expect(() => requireNode(version)).not.toThrow()
})

it.each(['20.20.2', '18.0.0', '2.2.0'])('refuses %s, and says what is needed', (version) => {
  expect(() => requireNode(version)).toThrow(SettingsError)
  expect(() => requireNode(version)).toThrow(`expected version 22 or newer, got ${version}`)
})

it('takes what package.json promises, and no older', () => {
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    engines: { node: string }
  }
  const oldest = Number(engines.node.replace('>=', ''))
  expect(() => requireNode(`${oldest}.0.0`)).not.toThrow()
  expect(() => requireNode(`${oldest - 1}.99.99`)).toThrow()
})
