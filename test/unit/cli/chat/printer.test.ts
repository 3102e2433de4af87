import { expect, it } from 'vitest'
import { Printer } from '../../../../src/cli/chat/printer.ts'
import { terminalStyle } from '../../../../src/cli/startup.ts'

it('says on a line of its own that the connection is lost', () => {
  let shown = ''
  const write = (text: string) => {
    shown += text
  }
  const style = terminalStyle(false, {})
  const printer = new Printer({ write, style, raw: false, waits: false })
  printer.text('Wa')
  printer.lost()
  printer.text('ter')
  printer.end()
  expect(shown).toBe('Wa\nconnection lost, resuming…\nter\n')
})
