/** Runs in the page. */
export function isInView(element: Element): boolean {
  const { top, bottom } = element.getBoundingClientRect()
  const around = element.closest('.messages')?.getBoundingClientRect()
  return around !== undefined && top >= around.top && bottom <= around.bottom
}

export function contentOf(text: string): string {
  const lines = text.split('\n').filter((line) => line.startsWith('data: {'))
  return lines.map((line) => JSON.parse(line.slice(6)).choices[0]?.delta.content ?? '').join('')
}
