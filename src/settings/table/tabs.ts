import { boolean, time } from '../declaration.ts'

/** Browser tabs that offer their GPUs. */
export const tabs = {
  tabs: boolean({
    where: ['workerd'],
    needsRestart: true,
    instead:
      'remove it: browser tabs may offer their GPUs there without it, or by a binding of wrangler.toml',
    default: false,
    help: 'Lets browser tabs offer their GPUs. All requests of the API are then answered in one Durable Object, as requests cannot reach each other elsewhere on workerd.',
  }),
  tabGather: time({
    min: 0,
    max: 5_000,
    default: 0,
    needsRestart: true,
    placeholder: 'TIME',
    help: 'How long a browser tab gathers what it answers before it sends it: tokens come later and together, and the server gets fewer requests. By default 250ms on Cloudflare, which bills each request, and 0 elsewhere.',
  }),
}
