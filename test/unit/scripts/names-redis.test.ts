// `npm start` installs the package for Redis where the settings name a store, wherever they are.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { namesRedis } from '../../../scripts/hosts.mjs'

const folder = mkdtempSync(join(tmpdir(), 'sluice-redis-'))

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

it('looks at the flag, the variable and the settings file', () => {
  expect(namesRedis([])).toBe(false)
  expect(namesRedis(['--state', 'redis://127.0.0.1'])).toBe(true)
  expect(namesRedis(['--state=redis://127.0.0.1'])).toBe(true)
  const file = join(folder, 'mine.jsonc')
  for (const [text, names] of [
    ['{ "port": 8787, "stateFailure": "open" }', false],
    ['{ "port": 8787, "state": "objects" }', false],
    ['{ // shared\n "state" : "redis://127.0.0.1" }', true],
    ['{ "state": "rediss+sentinel://a,b/main" }', true],
  ] as const) {
    writeFileSync(file, text)
    expect(namesRedis(['--config', file]), text).toBe(names)
    expect(namesRedis([`--config=${file}`]), text).toBe(names)
  }
  vi.stubEnv('SLUICE_STATE', 'redis://127.0.0.1')
  expect(namesRedis([])).toBe(true)
})
