// A clock of redis-server, or of Node, that a test can move while it runs. The system's own is everybody's.

import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface MovedClock extends Disposable {
  /** What a server with this clock has in its environment. */
  env: Record<string, string>
  /** Moves it, to so many milliseconds from the true time. */
  moveTo(ms: number): void
}

/** Undefined where there is no compiler of C. */
export function movedClock(): MovedClock | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-clock-'))
  const library = join(folder, 'moved-clock.so')
  const source = fileURLToPath(new URL('moved-clock.c', import.meta.url))
  const end = () => rmSync(folder, { recursive: true, force: true })
  if (spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source]).status !== 0) {
    end()
    return undefined
  }
  const file = join(folder, 'seconds')
  writeFileSync(file, new Uint8Array(8))
  return {
    env: { LD_PRELOAD: library, SLUICE_TEST_CLOCK: file },
    moveTo(ms) {
      // Into the same file, which the server has in its memory.
      const opened = openSync(file, 'r+')
      writeSync(opened, new BigInt64Array([BigInt(Math.round(ms / 1_000))]))
      closeSync(opened)
    },
    [Symbol.dispose]: end,
  }
}
