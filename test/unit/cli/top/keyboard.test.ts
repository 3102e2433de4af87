import { emitKeypressEvents } from 'node:readline'
import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { keysOf } from '../../../../src/cli/top/keyboard.ts'

/** The keys of what a terminal sends. */
async function keysIn(sent: string): Promise<string[]> {
  const input = new PassThrough()
  const keys: string[] = []
  emitKeypressEvents(input)
  input.on('keypress', (text, pressed) => keys.push(...keysOf(text, pressed)))
  input.end(sent)
  await new Promise((resolve) => input.on('end', resolve))
  return keys
}

it.each([
  ['jG?/', ['j', 'G', '?', '/']],
  [' ', [' ']],
  ['é', ['é']],
  ['\r', ['return']],
  ['\u007f', ['backspace']],
  ['\u0003\u001a\u0015', ['ctrl-c', 'ctrl-z', 'ctrl-u']],
  ['\u001b[A\u001bOB\u001b[5~', ['up', 'down', 'pageup']],
  // Esc and a key at once, as over a slow connection.
  ['\u001bq', ['escape', 'q']],
  ['\u001bQ', ['escape', 'Q']],
  ['\u001b[1;3A', ['up']],
])('%j are the keys %j', async (sent, keys) => {
  expect(await keysIn(sent)).toEqual(keys)
})
