/** What the page loads when the view is opened, or when the GPU is shared: one file is smaller than two. */
export { startSharing } from './sharing.ts'
export { ShareView } from './view.tsx'
