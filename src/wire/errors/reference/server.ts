import type { ErrorReference } from './entry.ts'

/** The server itself, and what it needs. */
export const serverErrors = {
  internal_error: {
    status: [500],
    meaning:
      'The server itself failed: a fault in its code, or a request that it could not pass on.',
    causes: ['A bug. The log has the cause, with the id in the header `x-request-id`.'],
    remedies: [
      'Send the request again.',
      'If it happens again, report it with that line of the log.',
    ],
    retry: 'later',
  },
  settings_invalid: {
    status: [503],
    meaning: 'A setting of this deployment is wrong, so that no request is answered.',
    causes: ['A wrong value in `SLUICE_CONFIG` or another variable of the worker.'],
    remedies: ['Correct the setting that the message names; the log has the whole message.'],
    retry: 'never',
    guide: 'cloudflare.md',
  },
  shutting_down: {
    status: [503],
    meaning:
      'The server is being stopped and takes no more requests. A stream that ends with this code was cut when `--grace` was over.',
    causes: ['A restart or a new version.'],
    remedies: [
      'Send the request again when the server runs.',
      'Raise `--grace`, so that long streams may end.',
    ],
    retry: 'later',
    settings: ['grace'],
  },
  not_ready: {
    status: [503],
    meaning: 'The server runs, but none of its engines can answer now.',
    causes: ['Model servers that do not run or still start.'],
    remedies: [
      'Start a model server. `GET /health` shows each engine to administrators; `sluice doctor` tries each.',
    ],
    retry: 'later',
    guide: 'scaling.md',
  },
  state_unavailable: {
    status: [503],
    meaning: 'The store that instances share (`--state`) does not answer.',
    causes: ['Redis does not run, cannot be reached, or is out of memory.'],
    remedies: [
      'Look at the log, and at Redis itself; `sluice doctor --state URL` tries it.',
      'Choose what happens to limits meanwhile with `--state-failure`.',
    ],
    retry: 'later',
    settings: ['state', 'stateFailure'],
    guide: 'state.md',
  },
} satisfies Record<string, ErrorReference>
