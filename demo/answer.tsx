import { useLayoutEffect, useRef } from 'preact/hooks'
import { toNodes } from './markdown.ts'

/** What a model has answered so far, as formatted text. */
export function Answer({ text }: { text: string }) {
  const place = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    if (place.current) update(place.current, toNodes(text))
  }, [text])
  return <div class="words" ref={place} />
}

/**
 * Replaces what differs. An answer grows at its end, so that what was selected or focused before stays.
 * Nodes and never HTML: a text that is parsed again can turn into another one.
 */
function update(place: HTMLElement, fresh: DocumentFragment): void {
  let old = place.firstChild
  while (old !== null && fresh.firstChild !== null && old.isEqualNode(fresh.firstChild)) {
    fresh.firstChild.remove()
    old = old.nextSibling
  }
  while (old !== null) {
    const next: ChildNode | null = old.nextSibling
    old.remove()
    old = next
  }
  place.append(fresh)
}
