// Runs parts one after the other, some in pairs, and counts what passed.

import { relative } from 'node:path'
import { root } from './hosts.mjs'
import { vitest } from './parts.mjs'
import { endAll, run } from './process.mjs'
import { runAgain, runVitest, whyFinal } from './run-again.mjs'
import { installSystemPackages } from './system.mjs'

/** @typedef {import('./test-report.mjs').Test} Test */

/**
 * `tests`: the tests among the failures. `lacking`: of the skipped tests, how many need what their host
 * lacks, by what that is.
 * @typedef {{ passed: number, failed: number, skipped: number, output: string, tests?: Test[], lacking?: Record<string, number> }} Result
 */

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.once(signal, () => {
    endAll()
    process.exit(130)
  })
}

/**
 * @param {import('./parts.mjs').Part[]} parts
 * @param {string[]} skip names of parts that are left out
 * @returns {Promise<number>} how many checks failed
 */
export async function runParts(parts, skip) {
  const total = { passed: 0, failed: 0, skipped: 0 }
  /** @type {Test[]} */
  const tests = []
  const chosen = parts.filter(({ name }) => !skip.includes(name))
  const lacking = new Set(chosen.flatMap((part) => part.packages?.() ?? []))
  installSystemPackages([...lacking], (line) => console.log(`sluice: ${line}`))
  for (const batch of batchesOf(parts)) {
    const running = batch.map((part) => {
      const reason = skip.includes(part.name) ? '' : part.skips?.()
      return reason === undefined ? runPart(part) : leftOut(part, reason)
    })
    for (const { passed, failed, skipped, ...result } of await Promise.all(running)) {
      total.passed += passed
      total.failed += failed
      total.skipped += skipped
      tests.push(...(result.tests ?? []))
    }
  }
  const saved = await passedAgain(tests, total.failed - tests.length)
  total.passed += saved
  total.failed -= saved
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
  console.log(`${total.passed} passed, ${total.failed} failed${skipped}`)
  return total.failed
}

/**
 * Runs the tests that failed again, says which of them passed then, and returns how many.
 * @param {Test[]} tests @param {number} others how many failures there are besides
 */
async function passedAgain(tests, others) {
  if (tests.length === 0) return 0
  const reason = whyFinal(tests, others)
  if (reason !== undefined) {
    console.log(`\nNo test that failed was run again: ${reason}.`)
    return 0
  }
  const passed = await runAgain(tests)
  console.log(
    `\nRun again by itself, of ${tests.length} tests that failed, ${passed.length} passed:`,
  )
  for (const test of tests) {
    const result = passed.includes(test) ? 'passed only then' : 'FAILED again'
    console.log(`  ${result}: ${relative(root, test.file)} > ${test.name}`)
  }
  return passed.length
}

/**
 * Each part, with those that run beside it.
 * @param {import('./parts.mjs').Part[]} parts
 */
function batchesOf(parts) {
  /** @type {import('./parts.mjs').Part[][]} */
  const batches = []
  for (const part of parts) {
    const last = batches.at(-1)
    if (part.isBeside && last) last.push(part)
    else batches.push([part])
  }
  return batches
}

/** @param {import('./parts.mjs').Part} part @param {string} reason @returns {Result} */
function leftOut(part, reason) {
  console.log(`${part.name.padEnd(10)} skipped${reason && `: ${reason}`}`)
  return { passed: 0, failed: 0, skipped: 1, output: '' }
}

/** @param {import('./parts.mjs').Part} part @returns {Promise<Result>} */
async function runPart(part) {
  const start = performance.now()
  const result = await resultOf(part)
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  const counts = [`${result.passed} passed`]
  if (result.failed > 0) counts.push(`${result.failed} FAILED`)
  if (result.skipped > 0) counts.push(`${result.skipped} skipped${reasons(result)}`)
  console.log(`${part.name.padEnd(10)} ${counts.join(', ')} (${seconds} s)`)
  if (result.failed > 0) console.log(`${indent(result.output)}\n`)
  return result
}

/** @param {import('./parts.mjs').Part} part @returns {Promise<Result>} */
async function resultOf(part) {
  const reason = part.lacks?.()
  if (reason) return failure(`${part.name} cannot run: ${reason}`)
  try {
    part.prepare?.()
  } catch (error) {
    return failure(String(error))
  }
  const [first = []] = part.commands
  if (first.includes(vitest[1] ?? '')) return runTests(first, part.seconds)
  let failed = ''
  for (const command of part.commands) {
    const { ok, output } = await run(command, part.seconds)
    if (!ok) failed += `${output.trim() || command.join(' ')}\n`
  }
  return failed ? failure(failed) : { passed: 1, failed: 0, skipped: 0, output: '' }
}

/** @param {string[]} command @param {number} seconds @returns {Promise<Result>} */
async function runTests(command, seconds) {
  const { ok, output, report } = await runVitest(command, seconds)
  if (report === undefined) return failure(output)
  const { tests, elsewhere } = report
  const failures = tests.filter(({ state }) => state === 'failed')
  const passed = tests.filter(({ state }) => state === 'passed').length
  const failed = failures.length + elsewhere || (ok ? 0 : 1)
  const skipped = tests.length - passed - failures.length
  return { passed, failed, skipped, output, tests: failures, lacking: lackingOf(tests) }
}

/** @param {Test[]} tests @returns {Record<string, number>} */
function lackingOf(tests) {
  /** @type {Record<string, number>} */
  const lacking = {}
  for (const { tags } of tests) {
    const names = tags.filter((tag) => tag.startsWith('lacks-')).map((tag) => tag.slice(6))
    if (names.length > 0) lacking[names.join('+')] = (lacking[names.join('+')] ?? 0) + 1
  }
  return lacking
}

/** ` (101 need process, 46 need sockets)` @param {Result} result */
function reasons({ lacking = {} }) {
  const told = Object.entries(lacking).map(([name, count]) => `${count} need ${name}`)
  return told.length > 0 ? ` (${told.join(', ')})` : ''
}

/** @param {string} output @returns {Result} */
function failure(output) {
  return { passed: 0, failed: 1, skipped: 0, output }
}

/** @param {string} text */
function indent(text) {
  return text.trimEnd().replace(/^/gm, '  ')
}
