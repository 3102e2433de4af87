import { testRunners } from './runners.ts'

testRunners(['npx'])
