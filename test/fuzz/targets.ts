import { frames } from './frames/frames.ts'
import { http } from './http/http.ts'
import { limits } from './limits/limits.ts'
import { pool } from './pool/pool.ts'
import { requests } from './requests/requests.ts'
import { settings } from './settings/settings.ts'
import { stored } from './stored/stored.ts'
import type { Target } from './target.ts'
import { upstreams } from './upstreams/upstreams.ts'

/** Everything that is fuzzed, in the order of its turns. */
export const targets: readonly Target[] = [
  http,
  frames,
  requests,
  upstreams,
  settings,
  limits,
  pool,
  stored,
]
