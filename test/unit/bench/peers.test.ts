import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { findProgram, installProgram, programVersion } from '../../../bench/peers/install.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-peers-'))
  vi.stubEnv('PATH', folder)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

/** A program that prints these words on stderr, as nginx does. */
function put(name: string, words: string): string {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\n/bin/echo '${words}' >&2\n`)
  chmodSync(path, 0o755)
  return path
}

test('a program is found on the PATH', () => {
  const path = put('olla', '')
  expect(findProgram('olla')).toBe(path)
  expect(installProgram('olla')).toBeUndefined()
})

const isInstalled = findProgram('llama-swap') !== undefined
test.runIf(!isInstalled)('says where a program is to be had that no package installs', () => {
  expect(installProgram('llama-swap')).toMatch(
    /not installed; put llama-swap from https:\/\/github\.com\/mostlygeek\/llama-swap\/releases on the PATH/,
  )
  expect(programVersion('llama-swap')).toBe('not installed')
})

test.each([
  ['nginx', 'nginx version: nginx/1.22.1', '1.22.1'],
  ['haproxy', 'HAProxy version 2.6.12-1+deb12u4 2026/01/20 - https://haproxy.org/', '2.6.12'],
  ['llama-swap', 'version: v250 (abcd1234), built at unknown', 'v250'],
  ['olla', '│ Olla v0.0.28-333-g200c24f │', '0.0.28'],
  ['olla', 'no number', 'of an unknown version'],
] as const)('reads the version that %s prints: %s', (name, words, version) => {
  put(name, words)
  expect(programVersion(name)).toBe(version)
})
