import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { historyPath, keepLine, MOST_LINES, readHistory } from '../../../../src/cli/chat/history.ts'

describe('the history', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-history-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('lies where programs keep their state', () => {
    expect(historyPath({ XDG_STATE_HOME: '/state' })).toBe('/state/sluice/chat-history')
    const home = join(homedir(), '.local/state/sluice/chat-history')
    expect(historyPath({})).toBe(home)
    expect(historyPath({ XDG_STATE_HOME: 'relative' })).toBe(home)
  })

  it('keeps lines for its owner alone', async () => {
    const file = join(folder, 'a/b/history')
    expect(await readHistory(file)).toEqual([])
    for (const line of ['one', ' ', 'zwölf']) await keepLine(file, line)
    expect(await readHistory(file)).toEqual(['one', 'zwölf'])
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('is shortened before it grows too long', async () => {
    const file = join(folder, 'history')
    const lines = Array.from({ length: 2 * MOST_LINES + 1 }, (_, i) => `line ${i}`)
    writeFileSync(file, lines.join('\n'))
    expect(await readHistory(file)).toEqual(lines.slice(-MOST_LINES))
    expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(MOST_LINES)
  })

  it('does without a file that cannot be written', async () => {
    await expect(keepLine(join(folder, 'x\0y'), 'one')).resolves.toBeUndefined()
  })
})
