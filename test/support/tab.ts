/** A tab of a browser without a browser: its real link, and a real engine over a stand-in for the GPU. */
import { setTimeout as sleep } from 'node:timers/promises'
import { serveEngine } from '../../src/engines/remote/serve-engine.ts'
import { Webllm } from '../../src/engines/webllm/webllm.ts'
import { Link } from '../../src/tabs/link.ts'
import type { LinkStatus } from '../../src/tabs/link-options.ts'
import type { TabState } from '../../src/tabs/protocol.ts'
import { createStandIn, record, type Script, type StandIn } from './mlc.ts'

export const tabModel = record.model_id

export const tabState: TabState = {
  models: [{ id: tabModel, state: 'loaded', context_length: 4_096 }],
  visible: true,
  paused: false,
}

/** Milliseconds for a tab to join. */
const JOIN_TIMEOUT = 5_000

export interface TestTab extends Disposable {
  link: Link
  standIn: StandIn
  /** What a person saw of the link, oldest first. */
  statuses: LinkStatus[]
}

/** A tab that offers its model to a server; resolves once it has joined. */
export async function openTab(
  url: string,
  {
    key = '',
    state = tabState,
    ...script
  }: { key?: string; state?: TabState } & Partial<Script> = {},
): Promise<TestTab> {
  const standIn = createStandIn(script)
  const engine = new Webllm(standIn.mlc, { records: [record] })
  const statuses: LinkStatus[] = []
  const joined = Promise.withResolvers<void>()
  const link = new Link({
    ...{ url, key, state },
    serve: (port) => serveEngine(port, engine),
    onStatus(status) {
      statuses.push(status)
      if (status.kind === 'joined') joined.resolve()
    },
  })
  await Promise.race([joined.promise, sleep(JOIN_TIMEOUT)])
  if (statuses.at(-1)?.kind === 'joined') {
    return { link, standIn, statuses, [Symbol.dispose]: () => link.leave() }
  }
  link.leave()
  throw new Error(`The tab did not join: ${JSON.stringify(statuses)}`)
}
