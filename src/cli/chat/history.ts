/** The history of typed lines, saved from one chat to the next. */
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'

/** Lines to keep. The file is shortened when it has twice as many. */
export const MOST_LINES = 1_000

/** Only the owner may read it. */
const MODE = 0o600

/** `chat-history` where programs keep their state. Source: XDG Base Directory Specification. */
export function historyPath(env: Record<string, string | undefined> = process.env): string {
  const given = env.XDG_STATE_HOME ?? ''
  const state = isAbsolute(given) ? given : join(homedir(), '.local', 'state')
  return join(state, 'sluice', 'chat-history')
}

/** The last lines, the oldest first; none if the file cannot be read. */
export async function readHistory(path: string): Promise<string[]> {
  try {
    const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '')
    const kept = lines.slice(-MOST_LINES)
    if (lines.length > 2 * MOST_LINES) {
      await writeFile(path, `${kept.join('\n')}\n`, { mode: MODE }).catch(() => {})
    }
    return kept
  } catch {
    return []
  }
}

/** Adds a line. If it cannot, the chat continues without. */
export async function keepLine(path: string, line: string): Promise<void> {
  if (line.trim() === '') return
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await appendFile(path, `${line}\n`, { mode: MODE })
  } catch {
    // The home directory is read-only, or the runtime has no permission to write.
  }
}
