// Runs parts one after the other, some in pairs, and counts what passed.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vitest } from './parts.mjs'
import { endAll, run } from './process.mjs'
import { installSystemPackages } from './system.mjs'

/**
 * `lacking`: of the skipped tests, how many need what their host lacks, by what that is.
 * @typedef {{ passed: number, failed: number, skipped: number, output: string, lacking?: Record<string, number> }} Result
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
  const chosen = parts.filter(({ name }) => !skip.includes(name))
  const lacking = new Set(chosen.flatMap((part) => part.packages?.() ?? []))
  installSystemPackages([...lacking], (line) => console.log(`sluice: ${line}`))
  for (const batch of batchesOf(parts)) {
    const running = batch.map((part) => {
      const reason = skip.includes(part.name) ? '' : part.skips?.()
      return reason === undefined ? runPart(part) : leftOut(part, reason)
    })
    for (const { passed, failed, skipped } of await Promise.all(running)) {
      total.passed += passed
      total.failed += failed
      total.skipped += skipped
    }
  }
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
  console.log(`${total.passed} passed, ${total.failed} failed${skipped}`)
  return total.failed
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
  const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'))
  const report = join(folder, 'report.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  try {
    const { ok, output } = await run([...command, ...reporters], seconds)
    return count(report, ok, output)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {string} report @param {boolean} ok @param {string} output @returns {Result} */
function count(report, ok, output) {
  let counts
  try {
    counts = JSON.parse(readFileSync(report, 'utf8'))
  } catch {
    return failure(output)
  }
  const { numPassedTests: passed, numFailedTests, numTotalTests } = counts
  // A file that could not be loaded, and an error outside any test, are failures without a test.
  const broken = counts.testResults.filter(hasFailedWithoutTests).length
  const failed = numFailedTests + broken || (ok ? 0 : 1)
  const skipped = numTotalTests - passed - numFailedTests
  return { passed, failed, skipped, output, lacking: lackingOf(counts.testResults) }
}

/** @typedef {{ status: string, assertionResults: { status: string, tags?: string[] }[] }} TestFile */

/** @param {TestFile[]} files @returns {Record<string, number>} */
function lackingOf(files) {
  /** @type {Record<string, number>} */
  const lacking = {}
  for (const { tags = [] } of files.flatMap(({ assertionResults }) => assertionResults)) {
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

/** @param {TestFile} file */
function hasFailedWithoutTests({ status, assertionResults }) {
  return status === 'failed' && !assertionResults.some((test) => test.status === 'failed')
}

/** @param {string} output @returns {Result} */
function failure(output) {
  return { passed: 0, failed: 1, skipped: 0, output }
}

/** @param {string} text */
function indent(text) {
  return text.trimEnd().replace(/^/gm, '  ')
}
