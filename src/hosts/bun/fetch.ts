import type { Fetch } from '../../platform/fetch.ts'

/** Bun's own `fetch`, which honours `once`: without `keepalive` a connection is used only once. */
export const nativeFetch: Fetch = (url, { once = false, ...init }) =>
  fetch(url, { ...init, keepalive: !once })
