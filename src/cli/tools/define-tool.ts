import { type CommandUsage, type Given, readOptions, type Table, usageText } from '../options.ts'
import type { CliTool, ToolContext } from './tool.ts'

/** Makes a tool out of its table of options, which `--help` prints. */
export function defineTool<T extends Table>(
  usage: CommandUsage & { table: T },
  work: (given: Given<Extract<keyof T, string>>, context: ToolContext) => Promise<number>,
): CliTool {
  return {
    usage,
    async run(args, context) {
      const given = readOptions(usage, args)
      if (given !== undefined) return work(given, context)
      context.out.write(usageText(usage))
      return 0
    },
  }
}
