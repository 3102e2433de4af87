// Runs tests that failed once more, each by itself: on a machine that is busy, one of sixteen thousand
// may fail for want of time. What fails twice has failed.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { root } from './hosts.mjs'
import { vitest } from './parts.mjs'
import { run } from './process.mjs'

/** More failures than that are no coincidence; and how many seconds all of them may take. */
const LIMITS = { tests: 10, seconds: 180 }

/** The tag of a test that judges what others left, and so means nothing by itself. */
const JUDGES_OTHERS = 'judges-others'

/** @typedef {import('./test-report.mjs').Test} Test */

/**
 * Runs tests of vitest, and reads what became of each; no report where vitest could not write one.
 * @param {string[]} command @param {number} seconds
 * @returns {Promise<{ ok: boolean, output: string, report?: import('./test-report.mjs').Report }>}
 */
export async function runVitest(command, seconds) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'))
  const path = join(folder, 'report.json')
  const reporters = ['--reporter=default', `--reporter=${join(root, 'scripts/test-report.mjs')}`]
  const ended = await run([...command, ...reporters], seconds, { SLUICE_TEST_REPORT: path })
  try {
    return { ...ended, report: JSON.parse(readFileSync(path, 'utf8')) }
  } catch {
    return ended
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Why these failures are final; undefined where the tests may be run again. `others`: how many failures
 * there are besides, which no test can undo.
 * @param {Test[]} failed @param {number} others
 */
export function whyFinal(failed, others) {
  if (others > 0) return 'something other than a test failed'
  if (failed.length > LIMITS.tests) return `more than ${LIMITS.tests} tests failed`
  const judge = failed.find(({ tags }) => tags.includes(JUDGES_OTHERS))
  return judge && `"${judge.name}" judges what other tests left`
}

/**
 * Runs each test again, one after the other. Resolves with those that passed.
 * @param {Test[]} failed @returns {Promise<Test[]>}
 */
export async function runAgain(failed) {
  const until = performance.now() + LIMITS.seconds * 1000
  /** @type {Test[]} */
  const passed = []
  for (const test of failed) {
    const left = (until - performance.now()) / 1000
    if (left > 0 && (await passes(test, left))) passed.push(test)
  }
  return passed
}

/** @param {Test} test @param {number} seconds */
async function passes({ file, name }, seconds) {
  const pattern = `^${name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}$`
  const command = [...vitest, 'run', relative(root, file), '-t', pattern]
  const { ok, report } = await runVitest(command, seconds)
  // A pattern that matches no test would pass.
  return ok && report?.tests.some(({ state }) => state === 'passed') === true
}
