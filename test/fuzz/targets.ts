import { frames } from './frames/frames.ts'
import { http } from './http/http.ts'
import type { Target } from './target.ts'
import { upstreams } from './upstreams/upstreams.ts'

/** Everything that is fuzzed, in the order of its turns. */
export const targets: readonly Target[] = [http, frames, upstreams]
