import { PROXIES } from './proxies.ts'
import type { Rule } from './rule.ts'

/** Whether events come as they are made. */
export const arrivalRules = {
  'all-at-once': {
    section: 'arrival',
    severity: 'error',
    requirement: 'Events arrive as they are made.',
    affected: 'All: people wait for the whole answer before they see a word.',
    repair: `Flush behind every event, and look for a proxy that buffers. ${PROXIES}`,
  },
  bursts: {
    section: 'arrival',
    severity: 'warning',
    requirement: 'Events do not arrive in bursts.',
    affected: 'People see the answer stutter; the first word is late by as much as a burst takes.',
    repair: `Flush behind every event; look for a buffer of a fixed size. ${PROXIES}`,
  },
  silence: {
    section: 'arrival',
    severity: 'warning',
    requirement: 'A quiet line gets a heartbeat within 15 s.',
    affected: 'Proxies and clients with an idle timeout (nginx: 60 s, Cloudflare: 100 s) hang up.',
    repair: 'Send a comment or a chunk with an empty delta every 10 s while the model is quiet.',
  },
} as const satisfies Record<string, Rule>
