import { PROXIES } from './proxies.ts'
import type { Rule } from './rule.ts'

/** Whether events arrive as they are generated. */
export const arrivalRules = {
  'all-at-once': {
    section: 'arrival',
    severity: 'error',
    requirement: 'Events arrive as they are generated.',
    affected: 'All: users see nothing until the whole answer is there.',
    repair: `Flush after every event, and look for a proxy that buffers. ${PROXIES}`,
  },
  bursts: {
    section: 'arrival',
    severity: 'warning',
    requirement: 'Events do not arrive in bursts.',
    affected: 'Users see the answer stutter, and the first word is late by the length of a burst.',
    repair: `Flush after every event, and look for a buffer of a fixed size. ${PROXIES}`,
  },
  silence: {
    section: 'arrival',
    severity: 'warning',
    requirement: 'A stream without events gets a heartbeat within 15 s.',
    affected:
      'Proxies and clients with an idle timeout (nginx: 60 s, Cloudflare: 100 s) close the connection.',
    repair:
      'Send a comment or a chunk with an empty delta every 10 s while the model generates nothing.',
  },
} as const satisfies Record<string, Rule>
