import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { root, wantsPage } from '../../../scripts/hosts.mjs'
import {
  InstallError,
  installApart,
  missingPackages,
  pagePackages,
} from '../../../scripts/page-packages.mjs'
import { explained } from '../../../scripts/page-problem.mjs'

it('finds the packages that only the page needs in its sources', async () => {
  const names = await pagePackages()
  expect(names).toContain('preact')
  expect(names).toContain('dompurify')
  // A sample of code in the page names it, and so does a server's package.
  expect(names).not.toContain('openai')
  expect(names).not.toContain('zod')
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  expect(names.filter((name) => !(name in devDependencies))).toEqual([])
  expect(missingPackages(names)).toEqual([])
  expect(missingPackages(['not-there'])).toEqual([])
})

it('leaves nothing of packages that could not be installed, and says what to do', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-packages-'))
  vi.stubEnv('npm_config_registry', 'http://127.0.0.1:9/')
  vi.stubEnv('npm_config_cache', join(folder, 'cache'))
  vi.stubEnv('npm_config_fetch_retries', '0')
  try {
    const installing = installApart(['marked'], join(folder, 'page'), AbortSignal.timeout(20_000))
    const error: unknown = await installing.catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(InstallError)
    const { reason, remedy, log } = explained(error)
    expect(reason).toBe('npm: its registry could not be reached (ECONNREFUSED)')
    expect(remedy).toContain('Connect this machine to the internet')
    expect(log).toContain('the API works without the page')
    expect(readdirSync(join(folder, 'page'))).toEqual([])
  } finally {
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true, force: true })
  }
})

it('names the place of what cannot be built, and no folder of the machine', () => {
  const location = { file: 'demo/app.tsx', line: 3, column: 7 }
  const failure = Object.assign(new Error('Build failed'), {
    errors: [
      { text: 'Expected ";"', location },
      { text: 'Could not resolve "x"', location: null },
    ],
  })
  const { reason, log } = explained(failure)
  expect(reason).toBe('demo/app.tsx:3:7: Expected ";"')
  expect(log).toContain('  Could not resolve "x"')
  const other = explained(new Error("EACCES: permission denied, mkdir '/home/me/sluice'"))
  expect(other.reason).not.toContain('/home/me')
  expect(other.log).toContain('/home/me')
})

it.each([
  [[], true],
  [['--port', '9000'], true],
  [['serve', '--port', '9000'], true],
  [['chat'], false],
  [['key', 'new', 'laptop'], false],
  [['--help'], false],
  [['--no-page'], false],
] as const)('builds the page for %j: %s', (args, wants) => {
  expect(wantsPage([...args])).toBe(wants)
})

it('builds no page where the environment or the settings file switches it off', () => {
  vi.stubEnv('SLUICE_PAGE', 'false')
  expect(wantsPage([])).toBe(false)
  vi.stubEnv('SLUICE_PAGE', 'true')
  expect(wantsPage([])).toBe(true)
  vi.stubEnv('SLUICE_CONFIG', '{ "page": false }')
  expect(wantsPage([])).toBe(false)
  vi.unstubAllEnvs()
})
