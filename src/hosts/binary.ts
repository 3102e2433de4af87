/**
 * The `sluice` command as one file: Bun, this program and the page, which scripts/binary.mjs compiles.
 */
import { embeddedFiles } from './bun/embedded-files.ts'
import { runtime } from './bun/runtime.ts'
import { main as run } from './server/serve.ts'

/**
 * The `sluice` command in a binary.
 *
 * @param build what `--version` prints behind the version, such as `commit 1a2b3c4d, linux-x64`
 *
 * @example
 * await main('commit 1a2b3c4d, linux-x64')
 */
export function main(
  build: string,
  args: readonly string[] = process.argv.slice(2),
): Promise<void> {
  const binary = {
    ...runtime,
    build: `${build}, Bun ${Bun.version}`,
    files: embeddedFiles(),
    tools: () => import('./server/tool.ts'),
  }
  return run(binary, args)
}
