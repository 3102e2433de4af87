/** What scripts/page.mjs fills in. */

/** The URL of the worker that runs models on the GPU, relative to the page. */
declare const ENGINE_URL: string

/** The URL of the worker that holds the link to a server, relative to the page. */
declare const LINK_URL: string

declare module '*.css'
