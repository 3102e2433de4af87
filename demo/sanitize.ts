import DOMPurify from 'dompurify'

/** What Markdown makes, and HTML that only marks up text. Nothing that loads, covers or is submitted. */
const TAGS = [
  ...['a', 'abbr', 'b', 'bdi', 'blockquote', 'br', 'caption', 'center', 'cite', 'code', 'dd'],
  ...['del', 'details', 'dfn', 'div', 'dl', 'dt', 'em', 'figcaption', 'figure', 'h1', 'h2'],
  ...['h3', 'h4', 'h5', 'h6', 'hr', 'i', 'img', 'ins', 'kbd', 'li', 'mark', 'ol', 'p', 'pre'],
  ...['q', 'rp', 'rt', 'ruby', 's', 'samp', 'section', 'small', 'span', 'strike', 'strong'],
  ...['sub', 'summary', 'sup', 'table', 'tbody', 'td', 'tfoot', 'th', 'thead', 'tr', 'u'],
  ...['ul', 'var'],
]

/** Attributes with text or numbers, which need not be addresses. */
const TEXTS = ['align', 'alt', 'colspan', 'rowspan', 'start']

/** Only whole addresses: a relative one would lead to this server. */
const ADDRESSES = /^(?:https?:\/\/|mailto:|data:image\/(?:png|jpeg|gif|webp|avif);base64,)/i

const LANGUAGE = /^language-[\w#+.-]{1,24}$/

// For images, DOMPurify lets any data: URL through, whatever addresses are allowed.
DOMPurify.addHook('uponSanitizeAttribute', (node, attribute) => {
  const { attrName, attrValue } = attribute
  if (attrName === 'src' && !ADDRESSES.test(attrValue)) attribute.keepAttr = false
  // The language of a block of code, which gets its colours by it; no other class is a model's to choose.
  if (attrName === 'class' && !(node.nodeName === 'CODE' && LANGUAGE.test(attrValue))) {
    attribute.keepAttr = false
  }
})

/** HTML as nodes of a document that loads nothing, without anything that is active. */
export function sanitized(html: string): DocumentFragment {
  return DOMPurify.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: [...TEXTS, 'class', 'href', 'src'],
    ALLOWED_URI_REGEXP: ADDRESSES,
    ADD_URI_SAFE_ATTR: TEXTS,
    ALLOW_ARIA_ATTR: false,
    ALLOW_DATA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  })
}
