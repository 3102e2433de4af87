import type { Output } from '../../cli/tools/tool.ts'

/** Where a command writes: answers and log lines to `out`, messages for the user to `err`. */
export interface Terminal {
  out: Output
  err: Output
}

/** The terminal as `node:process` gives it. */
export const processTerminal: Terminal = {
  out: output(() => process.stdout),
  err: output(() => process.stderr),
}

function output(stream: () => NodeJS.WriteStream): Output {
  let opened: NodeJS.WriteStream | undefined
  const open = () => {
    opened ??= stream().on('error', () => {})
    return opened
  }
  return {
    isTerminal: async () => open().isTTY === true,
    write: (text) => void open().write(text),
  }
}
