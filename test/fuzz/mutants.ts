/**
 * Shows that each target can fail: breaks a copy of the code in one place at a time, and expects the
 * target to find it.
 *
 *   node test/fuzz/mutants.ts [TARGET …]
 *
 * It ends with 1 if a target does not notice.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Mutant {
  target: string
  file: string
  find: string
  replace: string
}

const root = fileURLToPath(new URL('../../', import.meta.url))
const copy = join(root, '.fuzz/mutant')

/** The most cases in which a target has to notice. */
const CASES: Record<string, number> = {
  ...{ http: 4_000, frames: 4_000, requests: 2_000, upstreams: 2_000, settings: 4_000 },
  ...{ limits: 400, pool: 400, stored: 400 },
}

const of = (target: string, file: string, find: string, replace: string): Mutant => {
  return { target, file: `src/${file}`, find, replace }
}

const MUTANTS: Mutant[] = [
  // The end of a chunk that lies within a packet is not looked at.
  of(
    'http',
    'transport/http1/response-parser.ts',
    'if (bytes[end] !== CR || bytes[end + 1] !== LF) return at',
    '',
  ),
  // 204 and 304 have a body like others.
  of(
    'http',
    'transport/http1/response-head.ts',
    'BODILESS_STATUSES.includes(status) || status < 200',
    'status < 200',
  ),
  // A connection with bytes behind an answer is used again.
  of('http', 'transport/http1/connection.ts', '!this.#parser.isBetweenResponses ||', ''),
  // An empty text is proven, and counted as a token.
  of('frames', 'wire/sse/proof.ts', '(close === at && i - 1 === textHole)', 'false'),
  // The LF of a CRLF that was split is taken for a line of its own.
  of(
    'frames',
    'wire/sse/sse.ts',
    'if (lineEnd + 1 === this.buffer.length) this.#afterCr = true',
    '',
  ),
  // Long integers lose digits.
  of(
    'requests',
    'wire/json/exact-integers.ts',
    'if (long.length === 0 || rawJSON === undefined)',
    'if (long.length >= 0 || rawJSON === undefined)',
  ),
  // Blocks of a message are never closed.
  of(
    'requests',
    'dialects/messages/output.ts',
    "this.#frames += eventFrame({ type: 'content_block_stop', index })",
    '',
  ),
  // Content behind a finish reason is passed on.
  of(
    'upstreams',
    'wire/contract/chat.ts',
    'if (kind.hasContent && state.finished) {',
    'if (kind.hasContent && state.finished && !kind) {',
  ),
  // A stream that breaks off counts as finished.
  of(
    'upstreams',
    'wire/contract/choices.ts',
    'if (open.length > 0 || this.#choices.size === 0) {',
    'if (this.#choices.size === 0) {',
  ),
  // An empty name is shown as nothing.
  of('settings', 'settings/error.ts', '&& name.trim() === name', '|| true'),
  // Odd names of settings throw an error of another class.
  of(
    'settings',
    'settings/error.ts',
    'const all = [...known]',
    "const all = [...known]; if (name.startsWith('__')) throw new TypeError(name)",
  ),
  // Buckets never run out.
  of(
    'limits',
    'state/bucket.ts',
    'return amount + ROUNDING >= wanted ? 0',
    'return amount + ROUNDING >= wanted || wanted === 1 ? 0',
  ),
  // Slots of a key are not released.
  of('limits', 'state/memory-limits.ts', 'release(account, permit.id, held)', ''),
  // Slots of an engine are not freed.
  of(
    'pool',
    'engines/pool/slot.ts',
    'this.member.running--',
    'if (isTypical) this.member.running--',
  ),
  // A failure that a caller provoked counts for everyone.
  of(
    'pool',
    'engines/pool/circuit-breaker.ts',
    'if (by === undefined) this.#reach.failed(now)',
    'if (now > 0) this.#reach.failed(now)',
  ),
  // Owners read what another stores.
  of(
    'stored',
    'state/response-store.ts',
    'return responses.get(owner, id)',
    "return ['ann', 'bob', 'cat'].map((each) => responses.get(each, id)).find((each) => each)",
  ),
  // Room is made by whoever came first, not by the owner with the most.
  of(
    'stored',
    'state/bounded-map.ts',
    'this.#evictFrom(this.#byCount.first)',
    'this.#evictFrom(this.#owners.values().next().value)',
  ),
  // Nothing is deleted.
  of('stored', 'routes/responses/stored.ts', 'await store.delete(ownerOf(trace), id)', ''),
]

const chosen = process.argv.slice(2)
let missed = 0
for (const mutant of MUTANTS) {
  if (chosen.length > 0 && !chosen.includes(mutant.target)) continue
  const found = isFound(mutant)
  if (!found) missed++
  console.log(
    `${mutant.target.padEnd(10)} ${found ? 'found ' : 'MISSED'} ${mutant.file}: ${mutant.find}`,
  )
}
rmSync(copy, { recursive: true, force: true })
process.exitCode = missed > 0 ? 1 : 0

function isFound({ target, file, find, replace }: Mutant): boolean {
  rmSync(copy, { recursive: true, force: true })
  mkdirSync(copy, { recursive: true })
  for (const part of ['src', 'test/fuzz', 'test/support', 'package.json']) {
    cpSync(join(root, part), join(copy, part), { recursive: true })
  }
  const text = readFileSync(join(copy, file), 'utf8')
  if (text.split(find).length !== 2)
    throw new Error(`${file}: expected once, and found otherwise: ${find}`)
  writeFileSync(
    join(copy, file),
    text.replace(find, () => replace),
  )
  const args = ['test/fuzz/main.ts', '--only', target, '--seed', '42', '--minutes', '3', '--first']
  const { stdout, status } = spawnSync(
    process.execPath,
    [...args, '--cases', String(CASES[target])],
    {
      cwd: copy,
      encoding: 'utf8',
    },
  )
  const [, cases = '?'] = /fuzz: (\d+) cases/.exec(stdout) ?? []
  console.log(`           within ${cases} cases`)
  // Ended by an error of another kind, it has shown nothing.
  return status === 1 && stdout.includes('FINDING')
}
