import { type Given, readOptions, type Table, type Usage, usageText } from '../options.ts'
import type { Tool, ToolContext } from './tool.ts'

/** Makes a tool out of its table of options, which `--help` prints. */
export function defineTool<T extends Table>(
  usage: Usage & { table: T },
  work: (given: Given<Extract<keyof T, string>>, context: ToolContext) => Promise<number>,
): Tool {
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
