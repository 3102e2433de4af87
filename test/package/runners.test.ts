import { testRunners } from './runners.ts'

testRunners(['npx', 'bunx --bun', 'deno'])
