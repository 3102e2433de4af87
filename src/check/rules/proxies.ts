/** How to make proxies forward a stream without buffering. */
export const PROXIES =
  'nginx: proxy_buffering off; gzip off; Apache: SetEnv no-gzip; Cloudflare and others obey cache-control: no-transform.'
