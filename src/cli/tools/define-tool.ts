import { type Given, readOptions, type Table, type Usage, usageText } from '../options.ts'
import type { Tool, ToolContext } from './tool.ts'

/** A tool by its table of options; `--help` prints that. */
export function defineTool<T extends Table>(
  usage: Usage & { table: T },
  work: (given: Given<Extract<keyof T, string>>, bench: ToolContext) => Promise<number>,
): Tool {
  return {
    usage,
    async run(args, bench) {
      const given = readOptions(usage, args)
      if (given !== undefined) return work(given, bench)
      bench.out.write(usageText(usage))
      return 0
    },
  }
}
