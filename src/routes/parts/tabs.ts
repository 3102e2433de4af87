import { tabs as tabSettings } from '../../settings/table/of-parts.ts'
import { TabHub } from '../../tabs/hub.ts'
import { Pairings } from '../../tabs/pairings.ts'
import { entries, get, post, remove } from '../table-entry.ts'
import { tabCounter } from '../telemetry-sources.ts'
import type { HandlerPart } from './part.ts'

const module = () => import('../tabs.ts')
const pairings = () => import('../pairings.ts')

/** Browser tabs that offer their GPUs. */
export const tabs = {
  name: 'tabs',
  settings: tabSettings,
  tabs: {
    hub: (options) => new TabHub(options),
    pairings: () => new Pairings(),
    counter: tabCounter,
  },
  routes: entries({
    openPairing: post('admin', '/v1/pairings', 'PairingWish', 'Pairing', pairings),
    redeemPairing: post('open', '/v1/pairings/redeem', 'PairingOffer', 'Paired', pairings),
    listPairings: get('admin', '/v1/pairings', 'PairedList', pairings),
    removePairing: remove('admin', '/v1/pairings/:name', 'PairedRemoved', pairings),
    listTabs: get('admin', '/v1/tabs', 'TabList', module),
    joinTab: post('offer', '/v1/tabs', 'TabHello', 'text/event-stream', module),
    tellTab: post('offer', '/v1/tabs/:id', 'TabBatch', 'TabTaken', module),
    removeTab: remove('admin', '/v1/tabs/:id', 'TabRemoved', module),
  }),
} satisfies HandlerPart
