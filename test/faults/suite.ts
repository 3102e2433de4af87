// What goes wrong, as tables: each row is run on every host, over real sockets.

import { describe } from 'vitest'
import { needs } from '../support/hosts.ts'
import type { HostName } from '../support/server.ts'
import { clients } from './clients.ts'
import { leaving } from './leaving.ts'
import { managedFaults } from './managed.ts'
import { rawUpstreams } from './raw-upstreams.ts'
import { stopping } from './stopping.ts'
import { tabs } from './tabs.ts'
import { upstreams } from './upstreams.ts'

/** Declares every fault against one host. */
export function faults(host: HostName): void {
  describe('the upstream', () => upstreams(host))
  describe('an upstream that is no good server', () => rawUpstreams(host))
  describe('a client that leaves', () => leaving(host))
  describe('a client', () => clients(host))
  describe('a signal', () => stopping(host))
  tabs(host)
  describe('a managed server', needs(host, 'programs'), () => managedFaults(host))
}
