/** The captures as this page knows them. The feed tells when there are others; nothing is polled. */
import { effect, signal, untracked } from '@preact/signals'
import type { Finding } from '../../src/check/rules/rule.ts'
import type { RuleName } from '../../src/check/rules/rules.ts'
import { captures } from '../activity/store.ts'
import { isServerAdmin, key } from '../api.ts'
import { saveFile } from '../save-file.ts'
import {
  type Capture,
  deleteCapture,
  deleteCaptures,
  listCaptures,
  readCapture,
  type Side,
  setRule,
} from './captures-api.ts'

export const list = signal<readonly Capture[] | undefined>(undefined)
/** How many requests found no room. */
export const missed = signal(0)
/** What is captured now: `off`, `all`, `key=NAME`, `engine=LABEL` or `next=N`. */
export const rule = signal('off')
/** Why the last action failed; empty if it did not. */
export const problem = signal('')
/** The result of a check, by the capture's id. */
export const checks = signal<ReadonlyMap<string, Checked>>(new Map())

export type Checked = { state: 'running' } | { state: 'failed'; why: string } | Findings
type Findings = { state: 'checked'; side: Side; findings: readonly Finding<RuleName>[] }

effect(() => {
  rule.value = captures.value?.rule ?? 'off'
})

// What was told belongs to the key that it was told to.
let lastKey = key.peek()
effect(() => {
  if (key.value === lastKey) return
  lastKey = key.value
  list.value = undefined
  checks.value = new Map()
  problem.value = ''
})

// Once, so that the header says that prompts are kept before any view shows the feed.
effect(() => {
  if (isServerAdmin.value) untracked(() => void refreshCaptures())
})

/** Milliseconds between two readings of the list because of news. */
const NEWS_INTERVAL = 1_000

let isReading = false
let isChanged = false
let readAt = Number.NEGATIVE_INFINITY
let timer: ReturnType<typeof setTimeout> | undefined

/** The feed told of other captures: while a long answer is captured, several times a second. */
export function refreshSoon(): void {
  if (timer !== undefined) return
  const wait = Math.max(0, readAt + NEWS_INTERVAL - performance.now())
  timer = setTimeout(() => {
    timer = undefined
    void refreshCaptures()
  }, wait)
}

/** Reads the list; a call while it is read has it read once more afterwards. */
async function refreshCaptures(): Promise<void> {
  isChanged = true
  if (isReading) return
  isReading = true
  while (isChanged) {
    isChanged = false
    readAt = performance.now()
    await tried(async () => {
      const answer = await listCaptures()
      list.value = answer.data
      missed.value = answer.missed
      rule.value = answer.rule
    })
  }
  isReading = false
}

export function changeRule(to: string): Promise<void> {
  return tried(async () => {
    await setRule(to)
    rule.value = to
    await refreshCaptures()
  })
}

export function remove(id: string): Promise<void> {
  return tried(async () => {
    await deleteCapture(id)
    await refreshCaptures()
  })
}

export function clear(): Promise<void> {
  return tried(async () => {
    await deleteCaptures()
    await refreshCaptures()
  })
}

export function download(id: string, side: Side): Promise<void> {
  return tried(async () => {
    saveFile(
      `${fileName(id)}${side === 'engine' ? '.engine' : ''}.jsonl`,
      await readCapture(id, side),
    )
  })
}

/** Checks a capture against the rules of `sluice check`, in the page. */
export async function check(id: string, side: Side): Promise<void> {
  setCheck(id, { state: 'running' })
  try {
    const text = await readCapture(id, side)
    const { checkStream, parseRecording } = await import('../check.ts')
    const recording = parseRecording(text)
    setCheck(id, { state: 'checked', side, findings: checkStream(recording) })
  } catch (error) {
    setCheck(id, { state: 'failed', why: messageOf(error) })
  }
}

function setCheck(id: string, checked: Checked): void {
  checks.value = new Map(checks.value).set(id, checked)
}

/** Ids come from outside: only what any file system takes. */
function fileName(id: string): string {
  return `capture-${id.replace(/[^\w.-]/g, '_').slice(0, 80)}`
}

async function tried(act: () => Promise<void>): Promise<void> {
  try {
    await act()
    problem.value = ''
  } catch (error) {
    problem.value = messageOf(error)
  }
}

function messageOf(error: unknown): string {
  if (error instanceof TypeError) return 'The server does not answer; try again.'
  return error instanceof Error ? error.message : String(error)
}
