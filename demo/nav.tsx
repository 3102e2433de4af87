import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { FIRST_VIEWS, VIEWS } from './view-names.ts'
import { hashOf, view } from './views.ts'

const isOpen = signal(false)

// Another view was chosen.
addEventListener('hashchange', () => {
  isOpen.value = false
})

/** Links to the views: in the header, and on a narrow screen a bar below. */
export function Navigation() {
  const bar = useRef<HTMLElement>(null)
  useEffect(() => {
    const close = ({ target }: Event) => {
      if (!bar.current?.contains(target as Node)) isOpen.value = false
    }
    document.addEventListener('pointerdown', close)
    return () => document.removeEventListener('pointerdown', close)
  }, [])
  const rest = VIEWS.filter(([name]) => !FIRST_VIEWS.includes(name))
  const isInRest = rest.some(([name]) => name === view.value)
  return (
    <nav
      class="views"
      aria-label="Views"
      ref={bar}
      onKeyDown={({ key }) => {
        if (key === 'Escape') isOpen.value = false
      }}
    >
      {VIEWS.filter(([name]) => FIRST_VIEWS.includes(name)).map(link)}
      <button
        type="button"
        class={isInRest ? 'more-button current' : 'more-button'}
        aria-expanded={isOpen.value}
        aria-controls="more-views"
        onClick={() => {
          isOpen.value = !isOpen.value
        }}
      >
        More
      </button>
      <div id="more-views" class={isOpen.value ? 'more-views open' : 'more-views'}>
        {rest.map(link)}
      </div>
    </nav>
  )
}

function link([name, title]: (typeof VIEWS)[number]) {
  return (
    <a key={name} href={hashOf(name)} aria-current={view.value === name ? 'page' : undefined}>
      {title}
    </a>
  )
}
