/** A model's Markdown as nodes of the page. */
import { Marked } from 'marked'
import { sanitized } from './sanitize.ts'

const marked = new Marked({
  gfm: true,
  breaks: true,
  // A task in a list: the page has no form controls of a model.
  renderer: { checkbox: ({ checked }) => (checked ? '☑ ' : '☐ ') },
})

/**
 * The text as nodes that load nothing and do nothing by themselves: links show where they lead, and
 * images are links. A text that cannot be rendered, because it is nested too deeply, is shown as it is.
 */
export function toNodes(text: string): DocumentFragment {
  try {
    const fragment = sanitized(marked.parse(text, { async: false }))
    for (const image of fragment.querySelectorAll('img')) replaceImage(image)
    for (const link of fragment.querySelectorAll('a')) prepareLink(link)
    return fragment
  } catch {
    const fragment = document.createDocumentFragment()
    fragment.append(element('p', text, 'plain'))
    return fragment
  }
}

/** An image that is part of the answer itself stays; of others there is a link in their place. */
function replaceImage(image: HTMLImageElement): void {
  const source = image.getAttribute('src') ?? ''
  if (source.startsWith('data:')) return
  const { alt } = image
  const host = hostOf(source)
  const title = element('strong', alt ? `Image: ${alt}` : 'Image')
  if (host === undefined) {
    const box = element('span', '', 'image')
    box.append(
      title,
      element(
        'small',
        'Not loaded: it is neither at a web address nor a PNG, JPEG, GIF, WebP or AVIF image.',
      ),
    )
    image.replaceWith(box)
    return
  }
  const why = `Not loaded, because ${host} would learn that you read this. Open it in a new tab.`
  const link = element('a', '', 'image')
  link.setAttribute('href', source)
  link.append(title, element('small', why))
  // A link within a link would be split; the image's own address is the one that is shown.
  const around = image.closest('a')
  if (around) around.after(link)
  image.replaceWith(...(around ? [element('span', alt)] : [link]))
}

function prepareLink(link: HTMLAnchorElement): void {
  const target = link.getAttribute('href') ?? ''
  const host = hostOf(target)
  if (host === undefined && !target.startsWith('mailto:')) {
    link.removeAttribute('href')
    return
  }
  link.target = '_blank'
  link.rel = 'noopener noreferrer nofollow'
  link.title = target
  const text = link.textContent ?? ''
  const isShown = link.className === 'image' || text.trim() === target
  if (!isShown) link.append(element('small', ` (${host ?? target})`, 'target'))
}

/** The host of a web address, in ASCII where letters of other scripts could imitate it. */
function hostOf(address: string): string | undefined {
  if (!/^https?:/i.test(address)) return undefined
  try {
    return new URL(address).host
  } catch {
    return undefined
  }
}

function element(tag: string, text: string, className = ''): HTMLElement {
  const made = document.createElement(tag)
  made.textContent = text
  if (className) made.className = className
  return made
}
