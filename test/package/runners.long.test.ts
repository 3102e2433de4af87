// The other ways, which differ in the runtime alone.

import { testRunners } from './runners.ts'

testRunners(['npx on the oldest Node', 'bunx', 'bunx --bun', 'deno'])
