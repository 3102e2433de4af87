import { frames } from './frames/frames.ts'
import { http } from './http/http.ts'
import { limits } from './limits/limits.ts'
import { requests } from './requests/requests.ts'
import type { Target } from './target.ts'
import { upstreams } from './upstreams/upstreams.ts'

/** Everything that is fuzzed, in the order of its turns. */
export const targets: readonly Target[] = [http, frames, requests, upstreams, limits]
