import { describe, expect, it } from 'vitest'
import { nextSort, ordered, type Selection, sorts } from '../../../../src/cli/top/order.ts'
import { activity, mixed, rowsOf } from './rows.ts'

function ids(more: Partial<Selection>): string {
  const selection: Selection = { sort: 'age', filter: '', failuresOnly: false, ...more }
  const { running, ended } = ordered(rowsOf(mixed), selection)
  const of = (rows: typeof running) => rows.map(({ activity }) => activity.id).join('')
  return `${of(running)}|${of(ended)}`
}

describe('rows', () => {
  it.each([
    // Running ones as they arrived, ended ones with the newest first.
    ['age', 'dcab|ef'],
    ['rate', 'abcd|ef'],
    ['tokens', 'dabc|fe'],
    ['first token', 'dabc|ef'],
    ['gap', 'dabc|ef'],
  ] as const)('are sorted by %s, running ones above', (sort, order) => {
    expect(ids({ sort })).toBe(order)
  })

  it('are sorted by each in turn', () => {
    let sort = sorts[0] as Selection['sort']
    const seen = sorts.map(() => {
      sort = nextSort(sort)
      return sort
    })
    expect(new Set(seen)).toEqual(new Set(sorts))
    expect(sort).toBe('age')
  })

  it('are filtered by words that all occur, in any field and any case', () => {
    expect(ids({ filter: 'QWEN' })).toBe('da|')
    expect(ids({ filter: 'llama ci' })).toBe('b|ef')
    expect(ids({ filter: ' truncated' })).toBe('|e')
    expect(ids({ filter: 'opencode qwen' })).toBe('a|')
    expect(ids({ filter: 'no such' })).toBe('|')
  })

  it('can be those that failed alone', () => {
    expect(ids({ failuresOnly: true })).toBe('|e')
  })
})

it('leaves out requests that only ask for lists, unless they fail', () => {
  const lists = rowsOf([
    activity('a', 1, { method: 'GET', path: '/v1/models', api: '/v1/models' }),
    activity('b', 1, { method: 'GET', state: 'ended', outcome: 'ok' }),
    activity('c', 1, { method: 'GET', state: 'ended', outcome: 'refused' }),
    activity('d', 1, { state: 'ended', outcome: 'ok' }),
  ])
  const { running, ended } = ordered(lists, { sort: 'age', filter: '', failuresOnly: false })
  expect([...running, ...ended].map((row) => row.activity.id)).toEqual(['c', 'd'])
})
