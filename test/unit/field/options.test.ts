import { expect, it } from 'vitest'
import { readOptions } from '../../field/options.ts'

it('drives everything on Bun unless the flags say otherwise', () => {
  const options = readOptions([])
  expect(options).toMatchObject({ only: [], apis: [], cells: [], host: 'bun', task: 'drive' })
})

it('takes lists of names', () => {
  const flags = ['--only', 'codex,pi', '--cell', 'tool,down', '--host', 'node', '--again']
  expect(readOptions(flags)).toMatchObject({
    only: ['codex', 'pi'],
    cells: ['tool', 'down'],
    host: 'node',
    isAgain: true,
  })
})

it.each([
  ['--only', 'emacs'],
  ['--cell', 'speed'],
  ['--api', 'grpc'],
  ['--host', 'lambda'],
  ['--seed', 'x'],
])('refuses %s %s, and names what it takes', (flag, value) => {
  expect(() => readOptions([flag, value])).toThrow(new RegExp(`${flag}: expected .*got "${value}"`))
})
