/** `npm run soak`: starts everything, alternates the phases, and judges what was seen. */
import { existsSync } from 'node:fs'
import { readOptions, type SoakOptions, usage } from './options.ts'
import { print, writeDetails } from './output.ts'
import { soak } from './soak.ts'

let options: SoakOptions | undefined
try {
  options = readOptions(process.argv.slice(2))
} catch (error) {
  console.error(`soak: ${error instanceof Error ? error.message : error}`)
  process.exit(2)
}
if (options === undefined) {
  console.log(usage)
  process.exit(0)
}
if (!existsSync('/proc/self/fd')) {
  console.error(
    'soak: expected Linux, whose /proc tells memory and descriptors, got another system.',
  )
  process.exit(2)
}
// The servers end with this process, but only if it ends by itself.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => process.exit(130))
const result = await soak(options, (line) => console.error(`soak: ${line}`))
print(options, result)
writeDetails(options, result)
process.exit(result.rows.some(({ isBroken }) => isBroken) ? 1 : 0)
