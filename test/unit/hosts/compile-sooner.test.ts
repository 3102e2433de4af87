import { execFileSync } from 'node:child_process'
import { expect, test, vi } from 'vitest'
import packages from '../../../package.json' with { type: 'json' }
import { hostCommand, hosts } from '../../../scripts/hosts.mjs'
import { startEnvironmentOf } from '../../../src/hosts/bun/start-environment.ts'
import { COMPILE_SOONER, flagsFor } from '../../../src/hosts/node/compile-sooner.ts'

test('npm start sets what Bun would otherwise have to be started again for', () => {
  expect(hosts.bun.env).toEqual(startEnvironmentOf(packages.devDependencies.bun))
})

test('npm start leaves a variable as the user has set it', () => {
  vi.stubEnv('BUN_JSC_thresholdForJITSoon', '7')
  try {
    const { env } = hostCommand('bun')
    expect(env.BUN_JSC_thresholdForJITSoon).toBe('7')
    expect(env.MIMALLOC_PURGE_DELAY).toBe('1000')
  } finally {
    vi.unstubAllEnvs()
  }
})

test('a version of Bun that was not tried gets no option of its engine, with which it might not start', () => {
  const names = Object.keys(startEnvironmentOf('1.5.0'))
  expect(names).toContain('MIMALLOC_PURGE_DELAY')
  expect(names.filter((name) => name.startsWith('BUN_JSC_'))).toEqual([])
})

test('Deno gets the flags that Node gets', () => {
  const [given = ''] = hosts.deno.args.filter((arg) => arg.startsWith('--v8-flags='))
  expect(given.slice('--v8-flags='.length).split(',')).toEqual(
    expect.arrayContaining([...COMPILE_SOONER]),
  )
})

test('Node keeps the flags that it was started with, and one without Maglev gets none', () => {
  expect(flagsFor('24.1.0', ['--enable-source-maps'])).toEqual(COMPILE_SOONER)
  expect(flagsFor('26.0.0', ['--invocation_count_for_maglev=400'])).toEqual([COMPILE_SOONER[1]])
  expect(flagsFor('22.12.0', [])).toEqual([])
})

test('the V8 of this Node has these flags', () => {
  const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })
  for (const flag of COMPILE_SOONER) expect(known).toContain(`  ${flag.split('=')[0]} (`)
})
