import type { ErrorReference } from './entry.ts'

/** Browser tabs that answer requests with their GPUs. */
export const tabErrors = {
  offer_key: {
    status: [403],
    meaning: 'The key belongs to a browser tab: it may offer models, and may not ask for anything.',
    causes: [
      'The key of a paired device, with `offers: true`, in a client that generates.',
      'A key with `owner` or `shared`, which only keys that offer have, was copied for a client.',
    ],
    remedies: ['Use another key; `sluice key new NAME` makes one.'],
    retry: 'never',
    settings: ['keys'],
    guide: 'tabs.md#keys',
  },
  tab_gone: {
    status: [410],
    meaning: 'The key has no tab with this id, or its connection was lost for too long.',
    causes: [
      'The tab was silent, or its connection was lost for more than 8 seconds.',
      'The server was started again.',
      'The id belongs to a tab that another key offers.',
    ],
    remedies: ['Join anew with `POST /v1/tabs`, without `resume`; the page does so by itself.'],
    retry: 'never',
    guide: 'tabs.md#when-a-tab-is-lost',
  },
  messages_missing: {
    status: [409],
    meaning: 'Messages of a tab did not arrive, and the server takes them only in order.',
    causes: ['A batch was lost, and the next one was sent all the same.'],
    remedies: ['Send again from the number on that the message names.'],
    retry: 'never',
    guide: 'tabs.md#when-a-tab-is-lost',
  },
  too_many_tabs: {
    status: [429],
    meaning: 'As many tabs have joined as one key, or the server, may have.',
    causes: [
      'A page is open in many tabs of one browser, and each of them shares the GPU.',
      'Tabs that were lost count for up to 45 seconds more.',
    ],
    remedies: [
      'Share the GPU in one tab of each device.',
      'End links that are no longer wanted, with `DELETE /v1/tabs/{id}`.',
    ],
    retry: 'later',
    guide: 'tabs.md#limits',
  },
  too_many_pairings: {
    status: [429],
    meaning: 'As many pairings are open as the server keeps at once, or too many codes were tried.',
    causes: [
      '`sluice pair` was run often within ten minutes.',
      'Somebody tries codes that nobody was given.',
    ],
    remedies: ['Wait until the oldest one has expired, ten minutes after it was made.'],
    retry: 'later',
    guide: 'tabs.md#pairing',
  },
  pairing_unknown: {
    status: [403],
    meaning: 'The code or the link of a pairing is not good, or is no longer good.',
    causes: [
      'It was used already: each is good for one device.',
      'It is older than ten minutes, or the server was started again.',
      'Five wrong codes were tried, which makes all open codes void; their links stay good.',
      'The code was mistyped.',
    ],
    remedies: ['Make a new one with `sluice pair NAME`.'],
    retry: 'never',
    guide: 'tabs.md#pairing',
  },
} satisfies Record<string, ErrorReference>
