import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { detailFrame } from '../../../../src/cli/top/detail-view.ts'
import { enginesFrame } from '../../../../src/cli/top/engines-view.ts'
import { helpFrame } from '../../../../src/cli/top/help-view.ts'
import { ListScreen } from '../../../../src/cli/top/list-screen.ts'
import { plainTable } from '../../../../src/cli/top/list-view.ts'
import { ordered, type Selection } from '../../../../src/cli/top/order.ts'
import { paintFor } from '../../../../src/cli/top/paint.ts'
import { ActivityStore } from '../../../../src/cli/top/store.ts'
import { cells } from '../../../../src/cli/top/text.ts'
import { RequestWatch } from '../../../../src/cli/top/watch.ts'
import { ActivitySchema, EngineActivitySchema } from '../../../../src/wire/activity/schema.ts'
import { activity, mixed, snapshot, storeOf } from './rows.ts'

const paint = paintFor(false)
const selection = (more: Partial<Selection> = {}): Selection => ({
  ...{ sort: 'age', filter: '', failuresOnly: false },
  ...more,
})

/** Objects with these fields, each of any value that JSON has, and of every text. */
function odd(fields: readonly string[]) {
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.string({ unit: 'binary', maxLength: 30 }),
  )
  const all = Object.fromEntries(fields.map((name) => [name, value]))
  return fc.record(all, { requiredKeys: [] })
}

describe('every screen', () => {
  it('fits its terminal, whatever a server sends', () => {
    const request = odd(Object.keys(ActivitySchema.shape)).map((each) => ({ ...each, id: 'x' }))
    const engine = odd(Object.keys(EngineActivitySchema.shape))
    const key = odd(['name', 'running', 'maxConcurrency', 'requests', 'tokens'])
    const rest = odd(['queue', 'captures', 'isAdmin', 'time', 'keys', 'engines'])
    const size = fc.record({
      columns: fc.integer({ min: 2, max: 220 }),
      rows: fc.integer({ min: 1, max: 60 }),
    })
    fc.assert(
      fc.property(request, engine, key, rest, size, (row, one, named, more, { columns, rows }) => {
        const store = new ActivityStore()
        const engines = [one, null, 3]
        const list = { ...snapshot([row] as never), engines, keys: [named, null] }
        store.takeSnapshot(list as never, 0)
        store.takeChanges({ requests: [row], ...more } as never, 1)
        const watch = new RequestWatch('x')
        watch.take({ name: 'sent', data: { at: 1, text: JSON.stringify(row) } })
        const detail = { row: store.find('x'), watch, raw: false, back: 0, message: '' }
        const screen = new ListScreen('host', store, selection(), paint)
        const frames = [
          screen.frame({ columns, rows }, '', 9),
          enginesFrame(store, 0, { columns, rows }, paint, '').lines,
          detailFrame(detail, { columns, rows }, paint, 9).lines,
          detailFrame({ ...detail, raw: true }, { columns, rows }, paint, 9).lines,
          helpFrame({ columns, rows }, paint),
        ]
        for (const lines of frames) {
          expect(lines.length).toBeLessThanOrEqual(rows)
          for (const line of lines) {
            expect(cells(line), line).toBeLessThanOrEqual(columns)
            expect(line).not.toMatch(/\p{Cc}/u)
          }
        }
      }),
      { numRuns: 150 },
    )
  })
})

describe('the table on a terminal', () => {
  const size = { columns: 80, rows: 8 }
  const many = Array.from({ length: 30 }, (_, i) =>
    activity(`r${i}`, 30 - i, { model: `model-${i}` }),
  )
  const selected = (lines: string[]) =>
    lines
      .find((line) => line.startsWith('>'))
      ?.trim()
      .split(/ +/)[2]

  it('scrolls so that the selected row is visible, and no further than it must', () => {
    const screen = new ListScreen('host', storeOf(many), selection(), paint)
    expect(selected(screen.frame(size, '', 0))).toBe('model-0')
    for (let i = 0; i < 10; i++) screen.press('down', size)
    const lines = screen.frame(size, '', 0)
    expect(selected(lines)).toBe('model-10')
    expect(lines).toHaveLength(8)
    expect(lines.join('\n')).toContain('model-6 ')
    screen.press('end', size)
    expect(selected(screen.frame(size, '', 0))).toBe('model-29')
    screen.press('pagedown', size)
    screen.press('g', size)
    expect(selected(screen.frame(size, '', 0))).toBe('model-0')
  })

  it('keeps its row selected when others come and go, and takes a neighbour when it is gone', () => {
    const store = storeOf(many)
    const screen = new ListScreen('host', store, selection(), paint)
    screen.press('j', size)
    screen.press('j', size)
    store.takeChanges({ time: 0, requests: [], removed: ['r0'] }, 0)
    expect(selected(screen.frame(size, '', 0))).toBe('model-2')
    expect(screen.target).toBe('r2')
    store.takeChanges({ time: 0, requests: [], removed: ['r2'] }, 0)
    expect(selected(screen.frame(size, '', 0))).toBe('model-3')
  })

  it('says why it is empty', () => {
    const text = (store: ActivityStore, more: Partial<Selection> = {}) =>
      new ListScreen('host', store, selection(more), paint).frame(size, '', 0).join('\n')
    expect(text(new ActivityStore())).toContain('connecting')
    expect(text(storeOf([]))).toContain('No requests yet.')
    expect(text(storeOf(mixed), { filter: 'nothing' })).toContain('No request matches the filter')
    expect(text(storeOf([]), { failuresOnly: true })).toContain('No request failed')
  })

  it('goes back to the filter from before on Esc', () => {
    const choice = selection({ filter: 'old' })
    const screen = new ListScreen('host', storeOf(mixed), choice, paint)
    for (const key of ['/', 'backspace', 'x', 'é', '👩', 'backspace']) screen.press(key, size)
    expect(choice.filter).toBe('olxé')
    expect(screen.frame(size, 'a message', 0).at(-1)).toBe('filter: olxé▁')
    screen.press('escape', size)
    expect(choice.filter).toBe('old')
    expect(screen.isTyping).toBe(false)
  })
})

describe('the lines above it', () => {
  it('tell of captures, engines and an open breaker', () => {
    const engine = {
      label: 'ollama',
      running: 2,
      maxConcurrency: 4,
      models: [],
      loaded: [],
      recent: [],
    }
    const store = storeOf(mixed, {
      captures: { rule: 'key=ci', count: 3, bytes: 1_234_567 },
      engines: [
        { ...engine, state: 'up', breaker: 'closed' },
        { ...engine, label: 'vllm', state: 'open', breaker: 'open' },
        { ...engine, label: 'far', state: 'up', breaker: 'half-open' },
      ],
    })
    const rows = ordered(store.rows, selection())
    const state = { name: 'host', store, rows, selection: selection(), selected: undefined }
    const shown = { ...state, scrolled: 0, connection: '', message: '' }
    const [first, second] = plainTable(shown, 200, paint, 0).split('\n')
    expect(first).toBe(
      'sluice top  host  3 running · 1 queued · 48.2 tokens/s · CAPTURING key=ci (3 captures, 1.2 MB)',
    )
    expect(second).toBe('ollama up 2/4 · vllm open 2/4 · far up 2/4 breaker half-open')
    const narrow = plainTable(shown, 40, paint, 0).split('\n')
    expect(narrow.slice(0, 2)).toEqual([
      'sluice top  host  3 running · 1 queued',
      'ollama up 2/4 · vllm open 2/4 +1',
    ])
  })

  it('use colours only beside words', () => {
    const store = storeOf(mixed)
    const rows = ordered(store.rows, selection())
    const state = { name: 'host', store, rows, selection: selection(), selected: undefined }
    const shown = { ...state, scrolled: 0, connection: '', message: '' }
    const coloured = plainTable(shown, 120, paintFor(true), 0)
    expect(coloured).toContain('\u001b[31mfailed   \u001b[0m')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    const bare = coloured.replaceAll(/\u001b\[\d+m/g, '').replaceAll(/ +$/gm, '')
    expect(bare).toBe(plainTable(shown, 120, paint, 0))
  })
})
