import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import packages from '../../../package.json' with { type: 'json' }
import { hosts } from '../../../scripts/hosts.mjs'
import { startEnvironmentOf } from '../../../src/hosts/bun/start-environment.ts'
import { COMPILE_SOONER } from '../../../src/hosts/node/compile-sooner.ts'

test('npm start sets what Bun would otherwise have to be started again for', () => {
  expect(hosts.bun.env).toEqual(startEnvironmentOf(packages.devDependencies.bun))
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

test('the V8 of this Node has these flags', () => {
  const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })
  for (const flag of COMPILE_SOONER) expect(known).toContain(`  ${flag.split('=')[0]} (`)
})
