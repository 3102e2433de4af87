/** How proxies are told to pass a stream on as it comes. */
export const PROXIES =
  'nginx: proxy_buffering off; gzip off; Apache: SetEnv no-gzip; Cloudflare and others obey cache-control: no-transform.'
