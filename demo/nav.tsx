import { hashOf, VIEWS, view } from './views.ts'

/** Links to the views: in the header, and on a narrow screen a bar below. */
export function Navigation() {
  return (
    <nav class="views" aria-label="Views">
      {VIEWS.map(([name, title]) => (
        <a key={name} href={hashOf(name)} aria-current={view.value === name ? 'page' : undefined}>
          {title}
        </a>
      ))}
    </nav>
  )
}
