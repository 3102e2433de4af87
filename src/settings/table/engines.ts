/** What only a process that can start others, or has files, can do. */
import { list, size } from '../declaration.ts'
import { engineItem } from '../engines.ts'
import { memorySize } from '../run-options.ts'
import { upstreamItem } from '../upstream-item.ts'
import { asking, upstreamOf, upstreams } from './asking.ts'
import {
  affinity,
  balancing,
  builtIn,
  discovery,
  passThrough,
  systemMessages,
  tabs,
  thinking,
} from './of-parts.ts'

const ofProcesses = {
  memoryBudget: size({
    ...memorySize,
    where: ['bun', 'deno', 'node'],
    help: 'How much memory the servers that sluice starts (run) may use together, by what each declares as memory. A server that is idle is stopped before another starts; one that generates never is.',
  }),
  engine: list(engineItem, {
    placeholder: 'replay:FILE',
    where: ['bun', 'deno', 'node'],
    needsRestart: true,
    expected: 'replay:FILE',
    instead: 'serve the recording with "sluice replay FILE" and name that server with --upstream',
    help: 'Replays a recording that "sluice record" made. Options follow a question mark: replay:FILE?speed=2&split=1&jitter=20ms&seed=1.',
  }),
}

/** Servers and other sources of tokens, and their models. */
export const engines = {
  ...upstreams,
  ...balancing,
  ...affinity,
  ...asking,
  ...thinking,
  ...systemMessages,
  upstream: upstreamOf(upstreamItem),
  ...discovery,
  ...ofProcesses,
  ...passThrough,
  ...builtIn,
  ...tabs,
}
