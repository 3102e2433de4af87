import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { columnsFor, dropOrder, rowCells, titleLine } from '../../../../src/cli/top/columns.ts'
import { plainTable } from '../../../../src/cli/top/list-view.ts'
import { ordered } from '../../../../src/cli/top/order.ts'
import { paintFor } from '../../../../src/cli/top/paint.ts'
import { cells } from '../../../../src/cli/top/text.ts'
import { activity, mixed, rowsOf, storeOf } from './rows.ts'

const names = (width: number) => columnsFor(width).map(({ name }) => name)

function table(width: number): string {
  const store = storeOf(mixed, { queue: { waiting: 1, limit: 100 } })
  const selection = { sort: 'age', filter: '', failuresOnly: false } as const
  const rows = ordered(store.rows, selection)
  const state = { name: 'host', store, rows, selection, selected: undefined, scrolled: 0 }
  return plainTable({ ...state, connection: '', message: '' }, width, paintFor(false), 0)
}

describe('the table', () => {
  it('has what matters most in 40 columns', () => {
    expect(table(40)).toMatchInlineSnapshot(`
      "sluice top  host  3 running

        STATE     MODEL          TOKENS   TIME
        stalled   qwen3-coder:3… ~14.2k  1m35s
        loading   llama3.3:70b           33.0s
        streaming qwen3-coder:3…   ~512  12.3s
        queued    llama3.3:70b           4.00s
        failed    llama3.3:70b      ~77  8.10s
        finished  llama3.3:70b     1200  24.4s
      "
    `)
  })

  it('has tokens, rate, first token, gaps and what happened in 80', () => {
    expect(table(80)).toMatchInlineSnapshot(`
      "sluice top  host  3 running · 1 of 100 queued · 48.2 tokens/s

        STATE     MODEL        TOKENS  TOK/S  FIRST GAPS       TIME DETAIL
        stalled   qwen3-coder… ~14.2k         1.34s ▁▁█       1m35s 1 stall
        loading   llama3.3:70b                                33.0s loading 40 %
        streaming qwen3-coder…   ~512   48.2  740ms ▃▃▄█▃▃    12.3s
        queued    llama3.3:70b                                4.00s place 2
        failed    llama3.3:70b    ~77    9.9  400ms ▁█        8.10s upstream_truncated
        finished  llama3.3:70b   1200   50.0  400ms           24.4s 2 attempts · repa…
      "
    `)
  })

  it('has engine, key and client in 120', () => {
    expect(table(120)).toMatchInlineSnapshot(`
      "sluice top  host  3 running · 1 of 100 queued · 48.2 tokens/s

        STATE     MODEL         ENGINE    KEY      CLIENT      TOKENS  TOK/S  FIRST GAPS     LONGEST   TIME DETAIL
        stalled   qwen3-coder:… ollama    laptop               ~14.2k         1.34s ▁▁█        12.0s  1m35s 1 stall
        loading   llama3.3:70b  vllm                                                                  33.0s loading 40 %
        streaming qwen3-coder:… ollama    laptop   opencode/1…   ~512   48.2  740ms ▃▃▄█▃▃      61ms  12.3s
        queued    llama3.3:70b            ci                                                          4.00s place 2
        failed    llama3.3:70b  vllm      ci                      ~77    9.9  400ms ▁█         900ms  8.10s upstream_truncated
        finished  llama3.3:70b  vllm      ci                     1200   50.0  400ms             90ms  24.4s 2 attempts · repa…
      "
    `)
  })

  it('has all in 200', () => {
    expect(table(200)).toMatchInlineSnapshot(`
      "sluice top  host  3 running · 1 of 100 queued · 48.2 tokens/s

        STATE     MODEL                      ENGINE               KEY              CLIENT                   TOKENS  TOK/S  FIRST GAPS                   LONGEST   TIME    AGE DETAIL
        stalled   qwen3-coder:30b            ollama               laptop                                    ~14.2k         1.34s ▁▁█                      12.0s  1m35s  1m35s 1 stall
        loading   llama3.3:70b               vllm                                                                                                                33.0s  33.0s loading 40 %
        streaming qwen3-coder:30b            ollama               laptop           opencode/1.2.3             ~512   48.2  740ms ▃▃▄█▃▃                    61ms  12.3s  12.3s
        queued    llama3.3:70b                                    ci                                                                                             4.00s  4.00s place 2
        failed    llama3.3:70b               vllm                 ci                                           ~77    9.9  400ms ▁█                       900ms  8.10s  1m00s upstream_truncated
        finished  llama3.3:70b               vllm                 ci                                          1200   50.0  400ms                           90ms  24.4s  1h01m 2 attempts · repaired id, done
      "
    `)
  })

  it('leaves out columns in the order that it states, and never one before another is', () => {
    const all = names(200)
    expect(all).toHaveLength(dropOrder.length + 3)
    for (let width = 200; width > 0; width--) {
      const left = all.filter((name) => !names(width).includes(name))
      expect(new Set(left)).toEqual(new Set(dropOrder.slice(0, left.length)))
    }
    expect(names(1)).toEqual(['state', 'model', 'time'])
  })

  it('fills every width that holds its columns exactly, with any text', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 })
    const width = fc.integer({ min: 32, max: 250 })
    fc.assert(
      fc.property(text, text, width, (model, key, columns) => {
        const [row] = rowsOf([activity('x', 5, { model, key, engine: key, client: model })])
        const placed = columnsFor(columns)
        expect(cells(titleLine(placed))).toBe(columns)
        if (row === undefined) throw new Error('There is no row.')
        expect(2 + rowCells(row, placed, 0).join(' ').length).toBeGreaterThan(0)
        expect(2 + cells(rowCells(row, placed, 0).join(' '))).toBe(columns)
      }),
    )
  })

  it('shows what a server may send in place of a text or a number', () => {
    const texts = { model: 7, api: {}, path: [], engine: {}, key: null, client: ['x'] }
    const odd = { ...texts, firstTokenMs: '9', rate: null }
    const [row] = rowsOf([activity('x', 5, odd as never)])
    if (row === undefined) throw new Error('There is no row.')
    const shown = rowCells(row, columnsFor(200), 0).map((cell) => cell.trim())
    expect(shown).toEqual(['streaming', '', '', '', '', '', '', '', '', '', '5ms', '5ms', ''])
  })

  it('lets no text act on the terminal', () => {
    const model = '\u001b[2J\u202eevil\n'
    const [row] = rowsOf([activity('x', 5, { model, state: 'ended', outcome: model, code: model })])
    if (row === undefined) throw new Error('There is no row.')
    const line = rowCells(row, columnsFor(200), 0).join(' ')
    expect(line).toContain('\\u001b[2J\\u202eevil\\u000a')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(line).not.toMatch(/[\u0000-\u001f\u202e]/)
  })
})

it('shows the route, or the path, of a request that names no model', () => {
  const rows = rowsOf([
    activity('a', 1, { path: '/v1/files/x', api: '/v1/files/:id' }),
    activity('b', 1, { path: '/nowhere', api: null }),
  ])
  const placed = [{ name: 'model', width: 20 }] as const
  expect(rows.flatMap((row) => rowCells(row, placed, 0)).map((text) => text.trim())).toEqual([
    '/v1/files/:id',
    '/nowhere',
  ])
})
