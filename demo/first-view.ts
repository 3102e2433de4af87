/**
 * Runs before the first paint, which shows Start: hides what the page's HTML has of it where another view is
 * opened. A script of its own, since it may not wait for the page's.
 */
const { hash } = location
if (hash === '' ? hasChatted() : hash !== '#start') {
  document.documentElement.classList.add('elsewhere')
}

/** As views.ts says, without reading all that was said. */
function hasChatted(): boolean {
  try {
    return /"messages":\[\{/.test(localStorage.getItem('sluice.conversations') ?? '')
  } catch {
    return false
  }
}

export {}
