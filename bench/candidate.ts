/** What the benchmark knows of a candidate. */
import type { Command } from './process.ts'

/** The ports of a candidate and of its upstream, and a folder for its files. */
export interface Slot {
  port: number
  upstreamPort: number
  folder: string
}

export interface Candidate {
  name: string
  /** One line for the report. */
  what: string
  /** The candidate that shows the minimum on the same runtime. */
  yardstick?: string
  /** Another yardstick for the costs of each chunk, where the first one does not touch chunks. */
  chunkYardstick?: string
  /** The candidate that it is compared with round by round, where both are measured. */
  rival?: string
  /** The checkout of sluice that it runs, where its growth is measured. */
  checkout?: string | undefined
  /** The commit of the other checkout that it is, where it is one. */
  commit?: string
  /** Whether it changes the upstream's bytes, so that a flood is counted by tokens and not by bytes. */
  reencodes?: boolean
  /** What stands before `/v1` in the path of its chat route. */
  basePath?: string
  /** Further headers that its clients have to send. */
  headers?: (slot: Slot) => Record<string, string>
  /** Installs it where that is needed; returns the reason if it cannot run. */
  unavailable?: () => string | undefined
  /** The command that starts it; undefined for the upstream itself. */
  command?: (slot: Slot) => Command
}

/** The upstream's address as a candidate is given it, without `/v1`. */
export function upstreamUrl({ upstreamPort }: Slot): string {
  return `http://127.0.0.1:${upstreamPort}`
}
