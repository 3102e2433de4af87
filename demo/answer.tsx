import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { AnswerView } from './markdown/answer-view.ts'

/** What a model has answered so far, as formatted text. `isLive`: more may come. */
export function Answer({ text, isLive = false }: { text: string; isLive?: boolean }) {
  const place = useRef<HTMLDivElement>(null)
  const view = useRef<AnswerView>(undefined)
  useLayoutEffect(() => {
    if (place.current) view.current ??= new AnswerView(place.current)
    view.current?.show(text, isLive)
  }, [text, isLive])
  useEffect(() => () => view.current?.remove(), [])
  return <div class="words" ref={place} />
}
