// One suite for every host: its tests know a base URL, a log and what a scripted upstream recorded.

import { describe } from 'vitest'
import type { HostName } from '../support/server.ts'
import { clients } from './clients.ts'
import { requests } from './requests.ts'
import { routes } from './routes.ts'
import { startup } from './startup.ts'
import { staticEngine } from './static.ts'

const suites: Record<string, (host: HostName) => void> = {
  static: staticEngine,
  routes,
  requests,
  clients,
  startup,
}

/** Declares every test of the suite against one host. */
export function conformance(host: HostName): void {
  for (const [name, suite] of Object.entries(suites)) {
    describe(name, () => suite(host))
  }
}
