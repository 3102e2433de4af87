import type { BunFile } from 'bun'
import type { Output } from '../../cli/tools/tool.ts'
import type { Terminal } from '../server/terminal.ts'

/** The bits of a file's mode that hold its type, and their value for a terminal. */
const KIND = 0o170000
const CHARACTER_DEVICE = 0o020000

/**
 * The terminal without `process.stdout` and `process.stderr`: using these makes Bun load `node:tty`,
 * `node:net` and `node:stream`, which takes longer than the rest of the start.
 */
export const bunTerminal: Terminal = { out: output(Bun.stdout), err: output(Bun.stderr) }

function output(file: BunFile): Output {
  let sink: ReturnType<BunFile['writer']> | undefined
  return {
    async isTerminal() {
      const { mode } = await file.stat()
      return (mode & KIND) === CHARACTER_DEVICE
    },
    write(text) {
      sink ??= file.writer()
      sink.write(text)
      Promise.resolve(sink.flush()).catch(() => {})
    },
  }
}
