/** Several processes that listen on one port. */
import { type Settings, SettingsError } from '../../settings/settings.ts'
import type { Runtime } from './runtime.ts'

/** Systems that distribute the connections of one port among the processes that listen there. */
const SYSTEMS: ReadonlySet<string> = new Set(['linux', 'android', 'freebsd'])

const INSTEAD =
  'give each process a --port of its own, behind a load balancer, and leave out --reuse-port'

/** Throws a `SettingsError` where the settings ask for a shared port, and this process cannot have one. */
export function requireReusePort(
  { reusePort }: Pick<Settings, 'reusePort'>,
  { place }: Pick<Runtime, 'place'>,
  { system = process.platform as string, node = process.versions.node } = {},
): void {
  if (!reusePort) return
  if (!SYSTEMS.has(system)) {
    throw new SettingsError(
      `reusePort: expected Linux or FreeBSD, which distribute the connections of one port among processes, got ${system}; ${INSTEAD}.`,
    )
  }
  const [major = 0, minor = 0] = node.split('.').map(Number)
  if (place === 'node' && (major < 23 || (major === 23 && minor < 1))) {
    throw new SettingsError(
      `reusePort: expected Node 23.1 or newer, got ${node}; install a newer one, or ${INSTEAD}.`,
    )
  }
}
