import type { Attack } from './attack.ts'
import { CONNECTION_ATTACKS } from './connections.ts'
import { REQUEST_ATTACKS } from './requests.ts'
import { UPSTREAM_ATTACKS } from './upstreams.ts'

export const ATTACKS: readonly Attack[] = [
  ...REQUEST_ATTACKS,
  ...UPSTREAM_ATTACKS,
  ...CONNECTION_ATTACKS,
]

/** The settings file, rewritten with ten thousand keys: the main process does that, not a client. */
export const RELOAD = 'reload'

export const ATTACK_NAMES = [RELOAD, ...ATTACKS.map(({ name }) => name)]
