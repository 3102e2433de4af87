/** The routes of browser tabs that offer their GPUs. */
import { KEYED_ERRORS, OPEN_ERRORS } from './errors.ts'
import type { OperationTexts, Parameter } from './operation.ts'

const BODY_ERRORS = [400, 408, 413, 415, 429]

const tabId: Parameter = {
  name: 'id',
  in: 'path',
  required: true,
  example: 'tab_ID',
  description: 'The id of a tab, as the first event of its stream has it.',
  schema: { type: 'string' },
}

const pairedName: Parameter = {
  name: 'name',
  in: 'path',
  required: true,
  example: 'NAME',
  description: 'The name of the key of a paired tab.',
  schema: { type: 'string' },
}

export const tabTexts = {
  openPairing: {
    tag: 'Tabs',
    summary: 'Offers to pair a browser tab.',
    description:
      'The offer is good once, for ten minutes. What comes of it is a key that may offer a tab and may not ask.',
    example: { name: 'phone' },
    answerText: 'The secret for a link, and the same as a code of eight characters.',
    errors: [...KEYED_ERRORS, ...BODY_ERRORS],
  },
  redeemPairing: {
    tag: 'Tabs',
    summary: 'Trades an offer for a key.',
    description: 'After five wrong codes all open codes are void.',
    example: { offer: 'CODE' },
    answerText: 'The key, which is not shown again.',
    errors: [...OPEN_ERRORS, ...BODY_ERRORS],
  },
  listPairings: {
    tag: 'Tabs',
    summary: 'Lists the paired tabs whose keys are in no settings.',
    description: 'For admin keys. Keys that the settings have are theirs to list and to remove.',
    answerText: 'Their names, and whose requests they answer.',
    errors: [...KEYED_ERRORS, 429],
  },
  removePairing: {
    tag: 'Tabs',
    summary: 'Revokes the key of a paired tab.',
    description: 'For admin keys. Tabs that offer with it leave within a second.',
    parameters: [pairedName],
    answerText: 'Its name.',
    errors: [...KEYED_ERRORS, 404, 429],
  },
  listTabs: {
    tag: 'Tabs',
    summary: 'Lists the browser tabs that are connected.',
    description: 'For admin keys.',
    answerText: 'The tabs, with their models and what they do.',
    errors: [...KEYED_ERRORS, 429],
  },
  joinTab: {
    tag: 'Tabs',
    summary: 'Offers the models of a browser tab.',
    description:
      'The page does this when its owner shares the GPU. The stream has what is asked of the tab.',
    example: { v: 1, models: [{ id: 'MODEL', state: 'loaded' }], visible: true, paused: false },
    answerText: 'Events: what is asked of the tab, and pings.',
    errors: [...KEYED_ERRORS, ...BODY_ERRORS, 410, 501],
  },
  tellTab: {
    tag: 'Tabs',
    summary: 'Takes what a tab answers.',
    description: 'Messages that arrived before are left out, so that a batch can be sent again.',
    parameters: [tabId],
    example: { seq: 1, ack: 0, messages: [] },
    answerText: 'The number of the last message that the server has.',
    errors: [...KEYED_ERRORS, ...BODY_ERRORS, 409, 410, 501],
  },
  removeTab: {
    tag: 'Tabs',
    summary: 'Ends the link of a tab.',
    description: 'For admin keys. Its key stays good: remove it from the settings to keep it away.',
    parameters: [tabId],
    answerText: 'Its id.',
    errors: [...KEYED_ERRORS, 404, 429],
  },
} satisfies Record<string, OperationTexts>
