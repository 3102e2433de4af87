import type { ErrorReference } from './entry.ts'

/** Who may use the server, and how much. */
export const accessErrors = {
  missing_api_key: {
    status: [401],
    meaning: 'This server asks for an API key, and the request has none.',
    causes: [
      'A client in which no key is configured.',
      'A proxy that removes the header `Authorization`.',
    ],
    remedies: [
      'Send the header `Authorization: Bearer KEY`; most clients have a field for an API key.',
      'Make a key with `sluice key new NAME`, if this is your server.',
    ],
    retry: 'never',
    settings: ['keys'],
    guide: 'keys.md',
  },
  invalid_api_key: {
    status: [401],
    meaning:
      'The key of the request is not one of this server, is in the wrong place, has expired or is disabled.',
    causes: [
      'A key of another server, such as one of OpenAI.',
      'A key in the URL, or two different keys in two headers.',
      'A key that was removed from the settings, or whose `expires` has passed.',
    ],
    remedies: [
      'Send a key of this server as `Authorization: Bearer KEY`.',
      'Make a new one with `sluice key new NAME`, if this is your server.',
    ],
    retry: 'never',
    settings: ['keys'],
    guide: 'keys.md',
  },
  keys_missing: {
    status: [503],
    meaning:
      'Other machines can reach this server, but no API keys are configured, so every request is refused.',
    causes: ['A server in a container or a worker that was given no `SLUICE_KEYS`.'],
    remedies: [
      'Make a key with `sluice key new NAME`, and set the `SLUICE_KEYS` that it prints.',
      'Allow everyone with `--insecure`, if the network itself is protected.',
    ],
    retry: 'never',
    settings: ['keys', 'insecure', 'host'],
    guide: 'keys.md',
  },
  authentication_failed: {
    status: [503],
    meaning: 'The program that this server is part of could not find out who sent the request.',
    causes: ['Its function `authenticate` failed, or took too long.'],
    remedies: ['See the log of the server for the cause.', 'Send the request again later.'],
    retry: 'later',
    guide: 'embedding.md',
  },
  admin_required: {
    status: [403],
    meaning: 'Only an administrator may do this.',
    causes: [
      'A key without `admin: true`.',
      'A server without keys that is asked from another machine or through a proxy.',
    ],
    remedies: [
      'Use an admin key; `sluice key new NAME --admin` makes one.',
      'Without keys, ask from the machine of the server itself.',
    ],
    retry: 'never',
    settings: ['keys'],
    guide: 'keys.md',
  },
  metrics_key: {
    status: [403],
    meaning: 'The key may read `GET /metrics` and nothing else.',
    causes: ['The key of a monitoring system, with `metrics: true`, in a client that generates.'],
    remedies: ['Use another key; `sluice key new NAME` makes one.'],
    retry: 'never',
    settings: ['keys'],
    guide: 'keys.md',
  },
  model_not_allowed: {
    status: [403],
    meaning: 'The key may not use this model.',
    causes: [
      'The key lists the models that it may use (`models`), and this one is not among them.',
      'A request that names further models, as with `fallbacks`, or none.',
    ],
    remedies: [
      'Name one model that `GET /v1/models` lists for this key.',
      'Add the model to `models` of the key in the settings.',
    ],
    retry: 'never',
    settings: ['keys'],
    guide: 'keys.md',
  },
  rate_limit_exceeded: {
    status: [429],
    meaning:
      'The key has used up one of its limits: requests or tokens per minute, day or month, or requests at once.',
    causes: ['More requests than the limits of the key allow.'],
    remedies: [
      'Wait for the time in `Retry-After`; the headers `x-ratelimit-…` show what is left.',
      'Raise the limits of the key in the settings.',
    ],
    retry: 'later',
    settings: ['keys'],
    guide: 'keys.md',
  },
  host_not_allowed: {
    status: [421],
    meaning:
      'The request was addressed to a host name that this server does not answer to. This protects it from web pages that make their own name point to your machine.',
    causes: [
      'A proxy, a tunnel or a name of your network in front of a server that listens on 127.0.0.1.',
    ],
    remedies: ['Allow the name: `--allow-host NAME`.', 'Use the address `http://127.0.0.1:8787`.'],
    retry: 'never',
    settings: ['allowHost', 'host'],
  },
  origin_not_allowed: {
    status: [403],
    meaning: 'A web page of another site sent the request, and its site is not allowed.',
    causes: ['A web application on another address, such as `http://localhost:3000`.'],
    remedies: ['Allow the site: `--allow-origin http://localhost:3000`.'],
    retry: 'never',
    settings: ['allowOrigin'],
  },
} satisfies Record<string, ErrorReference>
