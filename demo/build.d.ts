/** What scripts/page.mjs fills in. */

/** The URL of the worker that runs models on the GPU, relative to the page. */
declare const ENGINE_URL: string

declare module '*.css'
