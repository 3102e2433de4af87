import { PROXIES } from './proxies.ts'
import type { Rule } from './rule.ts'

/** How a stream is announced. */
export const headersRules = {
  'content-type': {
    section: 'headers',
    severity: 'error',
    requirement: 'A stream has the content type text/event-stream.',
    affected: 'Browsers’ EventSource and the ai SDK refuse anything else; proxies buffer it.',
    repair: 'Send content-type: text/event-stream before the first event.',
  },
  'content-length': {
    section: 'headers',
    severity: 'warning',
    requirement: 'A stream does not announce its length: it can’t be known.',
    affected: 'All: whoever knows the length has collected the whole answer first.',
    repair:
      'Stream the answer by chunked encoding; look for a proxy or a framework that collects it.',
  },
  'content-encoding': {
    section: 'headers',
    severity: 'warning',
    requirement: 'A stream is not compressed where that was not asked for.',
    affected:
      'Compressors hold events back until a block is full; clients without a decoder see noise.',
    repair: PROXIES,
  },
  'cache-control': {
    section: 'headers',
    severity: 'warning',
    requirement: 'A stream says cache-control: no-cache or no-store.',
    affected: 'Caches and proxies between may keep it, or hold it back to transform it.',
    repair: 'Send cache-control: no-cache, no-transform.',
  },
  'buffering-hint': {
    section: 'headers',
    severity: 'hint',
    requirement: 'A stream says x-accel-buffering: no.',
    affected: 'nginx, and proxies that do as it does, buffer a stream without it.',
    repair: 'Send x-accel-buffering: no with every stream.',
  },
} as const satisfies Record<string, Rule>
