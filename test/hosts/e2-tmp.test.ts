import { it } from 'vitest'
import type { HostName } from '../support/server.ts'
const host = (process.env.E2_HOST ?? 'bun') as HostName
for (const name of (process.env.E2_SUITE ?? 'upstream').split(',')) {
  const module = await import(`../conformance/${name}.ts`)
  module[name.replace(/-(.)/g, (_: string, c: string) => c.toUpperCase())](host)
}
