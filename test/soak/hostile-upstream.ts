/**
 * A process of its own: the attackers' own upstream, once for each server, which does whatever the
 * request's `script` says, and lists two thousand models.
 */
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { onCommand, report } from './messages.ts'

const LISTED = 2_000

async function start(): Promise<Upstream> {
  const names = Array.from({ length: LISTED }, (_, at) => `hostile-${at}-${'x'.repeat(at % 90)}`)
  const models = ['hostile', ...names].map((id) => {
    return { id, object: 'model', created: 1, owned_by: 'soak' } as const
  })
  return startUpstream({ models })
}

onCommand(() => {})
// What a script cannot play is told there, and each attack that is cut off would add to it.
console.error = () => {}
const [measured, other] = await Promise.all([start(), start()])
setInterval(() => {
  // It remembers every request, with bodies of megabytes.
  measured.requests.length = 0
  other.requests.length = 0
}, 1_000)
report({ type: 'ready', ports: { measured: measured.port, other: other.port } })
