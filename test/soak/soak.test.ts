import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'sluice-soak-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The host that is tested here; the others are run by hand, for ten minutes each. */
const HOST = process.env.SLUICE_TEST_SOAK_HOST ?? 'bun'

/** As `npm run soak` runs it, without looking for missing packages. */
function soak(...args: string[]) {
  const main = join(import.meta.dirname, 'main.ts')
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', timeout: 280_000 })
}

it('keeps well-behaved streams whole and in time beside every attack for a minute', {
  timeout: 300_000,
}, () => {
  const json = join(folder, 'details.json')
  const { status, stdout, stderr } = soak(HOST, '--minutes', '1', '--json', json)
  expect(status, stdout + stderr).toBe(0)
  const { rows, attacks } = JSON.parse(readFileSync(json, 'utf8')) as {
    rows: { isBroken: boolean }[]
    attacks: Record<string, { sent: number }>
  }
  expect(rows.filter(({ isBroken }) => isBroken)).toEqual([])
  const sent = Object.values(attacks).reduce((sum, each) => sum + each.sent, 0)
  expect(sent).toBeGreaterThan(100)
})
