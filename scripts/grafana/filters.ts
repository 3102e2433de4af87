/** Which series a panel shows: as the variables at its top say. Each includes the one before. */
export const SERVER = 'instance=~"$instance"'
export const ENGINE = `${SERVER}, engine=~"$engine"`
export const MODEL = `${ENGINE}, model=~"$model"`
export const KEY = `${MODEL}, key=~"$key"`

/** Of `rate`: as long as Grafana finds right for the time that is shown. */
export const WINDOW = '[$__rate_interval]'

/** What series without an engine, or without a key, are called. */
export const NO_ENGINE = '(no engine)'
export const NO_KEY = '(no key)'
