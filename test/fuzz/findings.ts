/** Findings as files: those of this machine in .fuzz, which git ignores, and a corpus of old ones. */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A case that failed. */
export interface Finding {
  target: string
  /** What the check said. */
  error: string
  /** The smallest input that fast-check found. */
  input: unknown
  /** `seed:path`, with which fast-check generates the input again; absent in the corpus. */
  replay?: string
}

const root = fileURLToPath(new URL('../../', import.meta.url))
const findings = join(root, '.fuzz/findings')
const corpus = join(root, 'test/fuzz/corpus')
const progress = join(root, '.fuzz/next-seed')

/** Writes a finding to a file, named after what is wrong. Returns its path from the checkout. */
export function writeFinding(finding: Finding): string {
  mkdirSync(findings, { recursive: true })
  const path = join(findings, `${finding.target}-${signatureOf(finding)}.json`)
  writeFileSync(path, `${JSON.stringify(finding, null, 2)}\n`)
  return relative(root, path)
}

/** The same for findings that differ in values alone, so that each is told once. */
export function signatureOf({ target, error }: Pick<Finding, 'target' | 'error'>): string {
  const shape = error
    .slice(0, 400)
    .replace(/"(?:[^"\\]|\\.)*"|\d+/g, '_')
    .slice(0, 120)
  return createHash('sha256').update(`${target} ${shape}`).digest('hex').slice(0, 10)
}

/** A finding from a file. Throws an error if it is none. */
export function readFinding(path: string): Finding {
  const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<Finding>
  if (typeof value.target !== 'string' || !('input' in value)) {
    throw new Error(`--replay: expected a finding with a target and an input, got ${path}.`)
  }
  return { error: '', input: value.input, ...value, target: value.target }
}

/** The inputs that once were findings, or that no generator comes upon. */
export function corpusOf(target: string): { file: string; input: unknown }[] {
  return readdirSync(corpus)
    .filter((name) => name.endsWith('.json'))
    .map((file) => ({ file, ...readFinding(join(corpus, file)) }))
    .filter((each) => each.target === target)
}

/** The seed after the last one of earlier runs on this machine. */
export function nextSeed(): number {
  try {
    return Number(readFileSync(progress, 'utf8')) || 1
  } catch {
    return 1
  }
}

export function storeNextSeed(seed: number): void {
  mkdirSync(join(root, '.fuzz'), { recursive: true })
  writeFileSync(progress, `${seed}\n`)
}
