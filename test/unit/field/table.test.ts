import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../../../scripts/hosts.mjs'
import { clients, versionOf } from '../../field/clients.ts'
import { type ClientResult, mergedResults, readCommitted } from '../../field/store.ts'
import { BEGIN, END, summary, table, withTable } from '../../field/table.ts'

const pi: ClientResult = {
  version: '1.2.3',
  host: 'bun',
  date: '2026-11-26',
  apis: {
    chat: {
      text: { result: 'pass', seconds: 1, lines: 'a1b2' },
      tool: { result: 'fail', note: 'No tool ran.', seconds: 2, lines: 'a1b2' },
      turns: { result: 'none', note: 'It has no second turn.', seconds: 0, lines: 'a1b2' },
    },
    messages: { tool: { result: 'fail', note: 'No tool ran.', seconds: 2, lines: 'a1b2' } },
  },
}

describe('the table of clients', () => {
  it('has a row for each API, and one number for the same note', () => {
    const lines = table({ pi }).split('\n')
    const at = lines.findIndex((line) =>
      line.includes('[pi](clients/pi.md) 1.2.3, bun, 2026-11-26'),
    )
    const number = Number(/✗ <sup>(\d+)</.exec(lines[at] ?? '')?.[1])
    expect(lines[at]).toContain(
      `| chat | ✓ | ✗ <sup>${number}</sup> |  | – <sup>${number + 1}</sup> |`,
    )
    expect(lines[at + 1]).toContain(`| Messages |  | ✗ <sup>${number}</sup> |`)
    expect(lines).toContain(`${number}. No tool ran.`)
    expect(lines).toContain(`${number + 1}. It has no second turn.`)
  })

  it('names a client that could not be installed, and why', () => {
    const missing = { ...pi, apis: {}, missing: 'npm could not install it: no such version' }
    expect(table({ pi: missing })).toContain('npm could not install it: no such version')
  })

  it('replaces the one on the page, and leaves the rest', () => {
    const page = withTable(`before\n${BEGIN}\nold\n${END}\nafter\n`, { pi })
    expect(page).toMatch(/^before\n/)
    expect(page).toMatch(/\nafter\n$/)
    expect(page).not.toContain('old')
    expect(withTable(page, { pi })).toBe(page)
  })

  it('says how many cells passed', () => {
    expect(summary({ pi })).toBe('1 passed, 2 failed, 1 not applicable')
  })
})

describe('the committed results', () => {
  const results = readCommitted()

  it('are those of the page', () => {
    const page = readFileSync(join(root, 'docs/clients.md'), 'utf8')
    expect(withTable(page, results)).toBe(page)
  })

  it('are of the pinned versions, or the row says of which', () => {
    const names = Object.keys(results)
    expect(names.filter((name) => !clients.some((client) => client.name === name))).toEqual([])
    for (const client of clients) expect(versionOf(client)).toMatch(/^\d+\.\d+\.\d+$/)
  })

  it('keep a client that was not driven anew', () => {
    expect(mergedResults({ pi }, { codex: pi })).toEqual({ pi, codex: pi })
    expect(mergedResults({ pi }, { pi: { ...pi, version: '2.0.0' } }).pi?.version).toBe('2.0.0')
  })

  it('keep an API that was not driven anew, of the same version on the same host', () => {
    const driven = { ...pi, date: '2026-11-27', apis: { 'chat-tab': {} } }
    const merged = mergedResults({ pi }, { pi: driven })
    expect(merged.pi).toEqual({ ...driven, apis: { ...pi.apis, 'chat-tab': {} } })
    for (const other of [{ version: '2.0.0' }, { host: 'node' }]) {
      const own = { ...driven, ...other }
      expect(mergedResults({ pi }, { pi: own }).pi).toEqual(own)
    }
  })
})
