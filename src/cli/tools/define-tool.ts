import { type CommandUsage, type Given, readOptions, type Table, usageText } from '../options.ts'
import type { CliTool, ToolContext } from './tool.ts'

/** A tool by its table of options; `--help` prints that. */
export function defineTool<T extends Table>(
  usage: CommandUsage & { table: T },
  work: (given: Given<Extract<keyof T, string>>, bench: ToolContext) => Promise<number>,
): CliTool {
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
