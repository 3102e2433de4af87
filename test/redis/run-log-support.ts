import type { RunInfo, RunKey, RunLog } from '../../src/state/run-log.ts'
import { newRun } from '../state/run-log-suite.ts'

export const INFO: RunInfo = {
  api: 'chat',
  contentType: 'text/event-stream',
  hasIds: true,
  isBackground: false,
  instance: 'a',
}
export const KEPT = { bytes: 4_000_000, keepMs: 60_000 }
export const PATIENT = { deadlineMs: 5_000 }

export function events(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, n) => `data: ${from + n}\n\n`)
}

export async function opened(log: RunLog, info = INFO): Promise<RunKey> {
  const run = newRun()
  await log.open(run, info, KEPT)
  return run
}

export async function readAll(log: RunLog, run: RunKey, from = 0): Promise<string[]> {
  const all: string[] = []
  for (;;) {
    const part = await log.read(run, from + all.length)
    if (!part?.frames.length) return all
    all.push(...part.frames)
  }
}
